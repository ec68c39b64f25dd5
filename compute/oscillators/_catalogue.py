"""What an oscillator is, and the registry of them all.

To add one, write one module in this package: a formula decorated with `oscillator`. The command line, the server's
listing, the dashboard's form, the benchmark and the tests take it from the registry.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from riskwave.compute.errors import UnknownNameError
from riskwave.compute.oscillators._schedule import Program, build
from riskwave.compute.oscillators._series import Series, source
from riskwave.compute.registry import Param, Registry, Value

FIELDS = ("open", "high", "low", "close", "volume")
LONGEST_WINDOW_BARS = 100_000

Formula = Callable[..., Series | tuple[Series, ...]]
F = TypeVar("F", bound=Formula)


class Group(StrEnum):
    """What an oscillator is about; TA-Lib's groups, where it has the oscillator."""

    MOMENTUM = "momentum"
    OVERLAP = "overlap"
    VOLATILITY = "volatility"
    VOLUME = "volume"
    CYCLE = "cycle"
    STATISTIC = "statistic"


class Stability(StrEnum):
    """How strongly a value depends on where the history starts."""

    EXACT = "exact"
    """Each value uses a window of bars and nothing else."""
    RUNNING = "running"
    """As exact, up to the rounding of a running sum."""
    CONVERGING = "converging"
    """A recursion that forgets its start."""
    PATH_DEPENDENT = "path_dependent"
    """The start decides for ever."""


class Convention(StrEnum):
    """Whose seeds, ties and scales a formula has, where those who publish an oscillator differ."""

    TALIB = "talib"
    """TA-Lib 0.8.2: the default."""
    WILDER = "wilder"
    """Wilder's book of 1978."""
    TRADINGVIEW = "tradingview"
    """The built-in functions and scripts of TradingView."""
    TULIP = "tulip"
    """Tulip Indicators 0.9, which follows Achelis."""


@dataclass(frozen=True, slots=True, eq=False)
class Oscillator:
    """An oscillator: what it needs, what it gives, and its formula.

    `low` and `high` bound every output; None means unbounded. `neutral` is the level at which its meaning changes
    sides, or None where there is none. `ahead` is None, or takes the parameters and returns how many bars back the
    formula's values are shown: such an oscillator looks ahead, and its newest bars have no value. `peer` is the name of
    TA-Lib's function with the same parameters and outputs, or an empty text. `variants` has the oscillator of each
    convention in which it differs from this one.
    """

    name: str
    title: str
    group: Group
    inputs: tuple[str, ...]
    params: tuple[Param, ...]
    outputs: tuple[str, ...]
    formula: Formula
    doc: str
    source: str
    stability: Stability
    low: float | None = None
    high: float | None = None
    ahead: Callable[..., int] | None = None
    peer: str = ""
    neutral: float | None = None
    convention: Convention = Convention.TALIB
    variants: dict[Convention, Oscillator] = field(default_factory=dict)

    def under(self, convention: Convention | str) -> Oscillator:
        """Return the oscillator as `convention` has it: itself where that is no different.

        Raises
        ------
        UnknownNameError
            For a convention that does not exist.
        """
        if convention not in _CONVENTIONS:
            raise UnknownNameError("convention", str(convention), _CONVENTIONS)
        return self.variants.get(Convention(convention), self)

    @property
    def conventions(self) -> tuple[Convention, ...]:
        """The conventions in which it differs from the default."""
        return tuple(convention for convention in Convention if convention in self.variants)

    def program(self, windows: tuple[tuple[Value, ...], ...]) -> Program:
        """Return the program that computes every output for every window, outputs varying fastest.

        A window is the values of `params`, in their order.
        """
        return _program(self, windows)

    @property
    def param_names(self) -> tuple[str, ...]:
        """The names of `params`, in their order."""
        return tuple([param.name for param in self.params])

    @property
    def looks_ahead(self) -> bool:
        """Whether a value uses bars later than its own."""
        return self.ahead is not None

    def ahead_bars(self, window: tuple[Value, ...]) -> int:
        """Return how many later bars a value with these values of `params` uses."""
        return 0 if self.ahead is None else self.ahead(*window)

    def bars_needed(self, window: tuple[Value, ...]) -> int:
        """Return the length of the shortest series that has a value with these values of `params`."""
        return max(self.program((window,)).lookbacks) + 1

    def window_lookback(self, window: tuple[Value, ...]) -> int:
        """Return how many bars pass before the first value with these values of `params`."""
        return self.bars_needed(window) - 1 - self.ahead_bars(window)

    def lookback(self, params: Mapping[str, Value]) -> int:
        """Return how many bars pass before the first value. `params` is complete and valid."""
        return self.window_lookback(tuple(params[param.name] for param in self.params))

    @property
    def default_window(self) -> tuple[Value, ...]:
        """The default of every parameter, in the order of `params`."""
        return tuple(param.default for param in self.params)

    def defaults(self) -> dict[str, Value]:
        """Return the default of every parameter."""
        return {param.name: param.default for param in self.params}


@lru_cache(maxsize=1024)
def _program(entry: Oscillator, windows: tuple[tuple[Value, ...], ...]) -> Program:
    bars = {name: source(name) for name in entry.inputs}
    series: list[Series] = []
    for window in windows:
        result = entry.formula(**bars, **dict(zip((param.name for param in entry.params), window, strict=True)))
        outputs = result if isinstance(result, tuple) else (result,)
        assert len(outputs) == len(entry.outputs), f"{entry.name} returned {len(outputs)} outputs"
        # No output is shown before the last of them has a value, as in TA-Lib.
        lookback = max(output.lookback for output in outputs)
        series.extend(output.skip(lookback - output.lookback) for output in outputs)
    return build(entry.inputs, series)


_CONVENTIONS = frozenset(Convention)

OSCILLATORS: Registry[Oscillator] = Registry("indicator", "riskwave.compute.oscillators")


def oscillator(
    *,
    name: str,
    title: str,
    group: Group,
    params: tuple[Param, ...] = (),
    outputs: tuple[str, ...] = ("real",),
    source: str,
    stability: Stability,
    low: float | None = None,
    high: float | None = None,
    ahead: Callable[..., int] | None = None,
    peer: str | None = None,
    neutral: float | None = None,
) -> Callable[[F], F]:
    """Register the decorated formula under `name`.

    The formula's arguments are the inputs that it needs (of open, high, low, close, volume) and then the parameters;
    its docstring is the documentation.
    """

    def register(formula: F) -> F:
        arguments = tuple(inspect.signature(formula).parameters)
        inputs = tuple(argument for argument in arguments if argument in FIELDS)
        assert arguments == inputs + tuple(param.name for param in params), f"{name}: arguments {arguments}"
        entry = OSCILLATORS.add(
            Oscillator(
                name=name,
                title=title,
                group=group,
                inputs=inputs,
                params=params,
                outputs=outputs,
                formula=formula,
                doc=inspect.cleandoc(formula.__doc__ or ""),
                source=source,
                stability=stability,
                low=low,
                high=high,
                ahead=ahead,
                peer=name if peer is None else peer,
                neutral=neutral,
            )
        )
        _BY_FORMULA[formula] = entry
        return formula

    return register


_BY_FORMULA: dict[Formula, Oscillator] = {}


def variant(
    of: Formula,
    *conventions: str,
    source: str,
    stability: Stability | None = None,
    neutral: float | None = None,
) -> Callable[[F], F]:
    """Register the decorated formula as what `of`, a registered formula, is under these conventions.

    It has the arguments and outputs of `of`; its docstring says in what it differs. What is left out is as there.
    """
    entry = _BY_FORMULA[of]

    def register(formula: F) -> F:
        assert inspect.signature(formula) == inspect.signature(of), f"{entry.name}: other arguments"
        for convention in map(Convention, conventions):
            assert convention not in entry.variants, f"{entry.name} has two formulas of {convention}"
            entry.variants[convention] = replace(
                entry,
                formula=formula,
                doc=inspect.cleandoc(formula.__doc__ or ""),
                source=source,
                stability=stability or entry.stability,
                neutral=entry.neutral if neutral is None else neutral,
                peer="",
                convention=convention,
                variants={},
            )
        return formula

    return register


def period(default: int, name: str = "timeperiod", *, low: int = 2, doc: str = "Number of bars") -> Param:
    """Return the declaration of a window length."""
    return Param(name, default, doc, low, LONGEST_WINDOW_BARS, "bars")
