"""What can be wrong with a request, as exceptions that carry the parts of a good message.

    InputError                      a field has a value that it may not have
    ├── UnknownNameError            no such indicator, model, measure...; carries the near names
    ├── SeriesTooShortError         fewer observations than the computation needs
    ├── ShapeMismatchError          two arrays that must agree do not
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

VALUE_LENGTH_MAX = 200


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
        super().__init__(f"{field} was {self.value}; it must be {allowed}")

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process, where the default would call the class with the message."""
        return type(self), (self.field, self.value, self.allowed)


class UnknownNameError(InputError):
    """No such indicator, model, measure or symbol; `near` lists the known names that look like it."""

    reason: ClassVar[str] = "UNKNOWN_NAME"

    def __init__(self, field: str, value: object, known: Iterable[str]) -> None:
        names = sorted(known)
        folded = {name.casefold(): name for name in names}
        matches = difflib.get_close_matches(str(value).casefold(), folded, n=5, cutoff=0.5)
        self.near = tuple(folded[match] for match in matches)
        self._known = tuple(names)
        if self.near:
            allowed = f"a known name; did you mean {', '.join(self.near)}?"
        else:
            shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
            allowed = f"one of {shown}" if names else "a known name, and none is known"
        super().__init__(field, value, allowed)

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the known names, from which the message is made."""
        return type(self), (self.field, self.value, self._known)


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
