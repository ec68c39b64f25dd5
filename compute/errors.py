"""What can be wrong with a request, as exceptions that carry the parts of a good message.

    InputError                      a field has a value that it may not have
    ├── UnknownNameError            no such indicator, model, measure...; carries the near names
    ├── SeriesTooShortError         fewer observations than the computation needs
    ├── ShapeMismatchError          two arrays that must agree do not
    ├── UnfitHistoryError           returns of which a model cannot be made; carries asset and observation
    ├── NotFiniteError              NaN or infinity where numbers are needed
    ├── NotPositiveSemidefiniteError  a covariance or correlation that no random vector has
    └── TooLargeError               more paths, bars or memory than one request may ask for

Every class has a `reason`, the machine-readable name that reaches the caller in google.rpc.ErrorInfo.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

VALUE_LENGTH_MAX = 200

_NEAR_MAX = 5
_NOUNS = {
    "bar": "input",
    "inputs": "input",
    "measures": "measure",
    "params": "parameter",
    "portfolio_name": "portfolio",
    "shocks": "asset",
    "symbols": "symbol",
}


class InputError(ValueError):
    """A field of a request has a value that it may not have.

    Parameters
    ----------
    field
        The field's path as the caller wrote it, such as ``params.timeperiod``.
    value
        What was given; shortened to `VALUE_LENGTH_MAX` characters in the message.
    allowed
        What would be right, in words: ``an integer from 2 to 100000``.
    """

    reason: ClassVar[str] = "FIELD_INVALID"

    def __init__(self, field: str, value: object, allowed: str) -> None:
        text = value if isinstance(value, str) else repr(value)
        self.field = field
        self.value = text if len(text) <= VALUE_LENGTH_MAX else text[: VALUE_LENGTH_MAX - 3] + "..."
        self.allowed = allowed
        super().__init__(self.describe())

    def describe(self) -> str:
        """Return the message."""
        return f"{self.field} was {self.value}; it must be {self.allowed}"

    def relocate(self, field: str) -> Self:
        """Name another field, such as the caller's own name for it, and return the error."""
        self.field = field
        self.args = (self.describe(),)
        return self

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process, where the default would call the class with the message."""
        return type(self), (self.field, self.value, self.allowed)


class UnknownNameError(InputError):
    """No such indicator, model, measure or symbol.

    Parameters
    ----------
    field
        The field's path; its last part says what the name is of, such as ``symbol`` for ``selection.symbols[0]``.
    value
        The name that nobody knows.
    known
        Those that would be right; `near` lists those of them that look like it.
    noun
        What the name is of, where the field does not say it.

    Examples
    --------
    >>> str(UnknownNameError("selection.symbols[0]", "WTY", ["BRENT", "WTI"]))
    'unknown symbol "WTY"; did you mean WTI?'
    >>> str(UnknownNameError("gap_policy", "x", ["hold", "reset"]))
    'unknown gap policy "x"; it must be one of hold, reset'
    """

    reason: ClassVar[str] = "UNKNOWN_NAME"

    def __init__(self, field: str, value: object, known: Iterable[str], *, noun: str = "") -> None:
        names = sorted(known)
        folded = {name.casefold(): name for name in names}
        asked = str(value).casefold()
        matches = [asked] if asked in folded else difflib.get_close_matches(asked, folded, n=_NEAR_MAX, cutoff=0.5)
        self.near = tuple(folded[match] for match in matches)
        self.noun = noun or _noun_of(field)
        self._known = tuple(names)
        shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        super().__init__(field, str(value), f"one of {shown}" if names else "a known name, and none is known")

    def describe(self) -> str:
        """Return the message."""
        if self.near:
            *others, last = self.near
            advice = f"did you mean {', '.join(others) + ' or ' if others else ''}{last}?"
        else:
            advice = f"it must be {self.allowed}" if self._known else "none is known"
        return f'unknown {self.noun} "{self.value}"; {advice}'

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the known names, from which the message is made."""
        return _rebuilt, (type(self), self.field, self.value, self._known, self.noun)


def _rebuilt(
    kind: type[UnknownNameError], field: str, value: str, known: tuple[str, ...], noun: str
) -> UnknownNameError:
    return kind(field, value, known, noun=noun)


def _noun_of(field: str) -> str:
    """Return what the names in a field are of: the last part of its path, in the singular."""
    part = field.rpartition(".")[2].partition("[")[0]
    return _NOUNS.get(part, part.replace("_", " "))


class UnfitHistoryError(InputError):
    """Returns of which a model cannot be made: knows where, so that who has names and dates can say them.

    Parameters
    ----------
    field
        The field's path.
    value
        What was found there, with ``{asset}`` and ``{observation}`` where they belong.
    allowed
        What would be right, in words.
    asset, observation
        Column and row of the returns; None where it is about the whole column.

    Examples
    --------
    >>> error = UnfitHistoryError("history", "a return of -4 of {asset} {observation}", "above -1", 0, 1319)
    >>> str(error)
    'history was a return of -4 of asset 0 at observation 1319; it must be above -1'
    >>> str(error.named("WTI", "on 2020-04-20"))
    'history was a return of -4 of WTI on 2020-04-20; it must be above -1'
    """

    def __init__(self, field: str, value: str, allowed: str, asset: int, observation: int | None = None) -> None:
        self.asset, self.observation = asset, observation
        self._text = value
        when = "" if observation is None else f"at observation {observation}"
        super().__init__(field, value.format(asset=f"asset {asset}", observation=when), allowed)

    def named(self, asset: str, observation: str) -> InputError:
        """Return the error with the asset's name, and with the time in words."""
        return InputError(self.field, self._text.format(asset=asset, observation=observation), self.allowed)

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the text without names."""
        return type(self), (self.field, self._text, self.allowed, self.asset, self.observation)


class SeriesTooShortError(InputError):
    """Fewer observations than the computation needs."""

    reason: ClassVar[str] = "SERIES_TOO_SHORT"


class ShapeMismatchError(InputError):
    """Two arrays that must agree in length or shape do not."""

    reason: ClassVar[str] = "SHAPE_MISMATCH"


class NotFiniteError(InputError):
    """NaN or infinity where numbers are needed."""

    reason: ClassVar[str] = "NOT_FINITE"


class NotPositiveSemidefiniteError(InputError):
    """A covariance or correlation matrix that no random vector has."""

    reason: ClassVar[str] = "COVARIANCE_NOT_PSD"


class SnapshotError(InputError):
    """Saved state of another version, convention or parameters, or bytes that were altered or cut short."""

    reason: ClassVar[str] = "SNAPSHOT_INVALID"


class TooLargeError(InputError):
    """More paths, bars or memory than one request may ask for."""

    reason: ClassVar[str] = "REQUEST_TOO_LARGE"
