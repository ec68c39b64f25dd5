"""Named things that register themselves, and the parameters that they declare.

An oscillator, a simulation model, a payoff, a risk measure or a price source is one short module that adds itself to a
`Registry`. Contract listing, server, command line, dashboard form and test matrix read from there.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from riskwave.compute.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Value = int | float | str | bool


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: enough to validate a value, to draw a form and to write a line of documentation.

    The type follows from `default` (bool, int, float or str). A number's range is closed. For a text, `choices` lists
    the allowed values.
    """

    name: str
    default: Value
    doc: str
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    choices: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``bool``, ``int``, ``float`` or ``str``."""
        return type(self.default).__name__

    @property
    def allowed(self) -> str:
        """The allowed values in words, for messages and documentation."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if isinstance(self.default, bool):
            return "true or false"
        word = "an integer" if isinstance(self.default, int) else "a number"
        if isinstance(self.default, str):
            return "a text"
        return f"{word} from {self.low:g} to {self.high:g}"

    def check(self, value: object, field: str) -> Value:
        """Return `value` in the parameter's own type, or raise `InputError` naming `field`, value and range."""
        if isinstance(self.default, str):
            if not isinstance(value, str) or (self.choices and value not in self.choices):
                raise InputError(field, value, self.allowed)
            return value
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise InputError(field, value, self.allowed)
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise InputError(field, value, self.allowed)
        if isinstance(self.default, int):
            if value != int(value):
                raise InputError(field, value, self.allowed)
            return int(value)
        return float(value)


def check_params(params: tuple[Param, ...], given: Mapping[str, object], field: str = "params") -> dict[str, Value]:
    """Complete `given` with defaults; refuse unknown names and values outside their range.

    Raises
    ------
    UnknownNameError
        For a name that is not a parameter.
    InputError
        For a value outside its parameter's range.
    """
    known = {param.name: param for param in params}
    for name in given:
        if name not in known:
            raise UnknownNameError(field, name, known)
    return {
        name: param.check(given[name], f"{field}.{name}") if name in given else param.default
        for name, param in known.items()
    }


class Named(Protocol):
    """Anything with a unique name."""

    @property
    def name(self) -> str:
        """The name under which callers ask for it."""


Entry = TypeVar("Entry", bound=Named)


class Registry(Generic[Entry]):
    """Entries by name, in alphabetical order; filled by importing the modules of one package, on first use.

    Parameters
    ----------
    noun
        The field that carries such a name in a request: ``indicator``, ``model``...
    package
        The package whose modules register themselves when they are imported.
    """

    def __init__(self, noun: str, package: str) -> None:
        self.noun = noun
        self._package = package
        self._entries: dict[str, Entry] = {}
        self._loaded = False

    def add(self, entry: Entry) -> Entry:
        """Register `entry`; two entries of one name are the author's mistake."""
        assert entry.name not in self._entries, f"{self.noun} {entry.name} is registered twice"
        self._entries[entry.name] = entry
        return entry

    def get(self, name: str) -> Entry:
        """Return the entry called `name`, or raise `UnknownNameError` with the near names."""
        self._load()
        entry = self._entries.get(name)
        if entry is None:
            raise UnknownNameError(self.noun, name, self._entries)
        return entry

    def names(self) -> tuple[str, ...]:
        """Return every registered name in alphabetical order."""
        self._load()
        return tuple(sorted(self._entries))

    def __iter__(self) -> Iterator[Entry]:
        self._load()
        return iter([self._entries[name] for name in sorted(self._entries)])

    def __len__(self) -> int:
        self._load()
        return len(self._entries)

    def _load(self) -> None:
        if self._loaded:
            return
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"{self._package}.{module.name}")
        self._loaded = True
