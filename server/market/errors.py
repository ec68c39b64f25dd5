"""What can go wrong with stored prices and portfolios.

Those of `riskwave.compute.errors.InputError` carry field, value and allowed range; their `reason` is a name of the
contract's ErrorReason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from riskwave.compute.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class UnknownSymbolError(UnknownNameError):
    """No stored series of that symbol, or not from that source; answers NOT_FOUND."""

    reason: ClassVar[str] = "UNKNOWN_SYMBOL"

    def __init__(
        self, field: str, value: object, known: Iterable[str], *, noun: str = "", elsewhere: Sequence[str] = ()
    ) -> None:
        self.elsewhere = tuple(elsewhere)
        super().__init__(field, value, known, noun=noun)

    def describe(self) -> str:
        """Return the message."""
        if self.elsewhere:
            sources = ", ".join(self.elsewhere)
            return f'{self.noun} "{self.value}" is not stored from the named source, only from {sources}'
        return super().describe()


class NonPositivePriceError(InputError):
    """A logarithm of a price that is not positive, or a return from a price of zero."""

    reason: ClassVar[str] = "NON_POSITIVE_PRICE"


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be stored.

    Parameters
    ----------
    symbol
        Its symbol.
    row
        Its position in the symbol's columns, from 0.
    column
        The column at fault: ``times``, ``close``, ``high``...
    value
        What was given, as text.
    reason
        What would be right.
    """

    symbol: str
    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        """Say where, what and why."""
        return f"{self.symbol} row {self.row}: {self.column} was {self.value}; {self.reason}"


class RowsRejectedError(InputError):
    """Rows of an import cannot be stored, so nothing of it was; `rows` has each."""

    reason: ClassVar[str] = "ROWS_REJECTED"

    def __init__(self, rows: Sequence[RejectedRow]) -> None:
        self.rows = tuple(rows)
        super().__init__("series", f"{len(rows)} rows that cannot be stored", f"without them, such as {rows[0]}")

    def describe(self) -> str:
        """Return the message."""
        count = "a row" if len(self.rows) == 1 else f"{len(self.rows)} rows"
        return f"{count} cannot be stored, so nothing was; {self.rows[0]}"

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the rows, from which the message is made."""
        return type(self), (self.rows,)


class PortfolioNotFoundError(UnknownNameError):
    """No portfolio of that name; answers NOT_FOUND."""

    reason: ClassVar[str] = "NOT_FOUND"


class VersionConflictError(Exception):
    """The stored portfolio is not the one that the caller has seen; answers ABORTED."""

    reason: ClassVar[str] = "VERSION_CONFLICT"

    def __init__(self, name: str, etag: str, stored: str | None) -> None:
        self.name, self.etag, self.stored = name, etag, stored
        if stored is None:
            state = "there is none of that name"
        elif etag == "new":
            state = "there is one already"
        else:
            state = "it was changed meanwhile"
        super().__init__(f"portfolio {name} was to be of version {etag}, but {state}; read it again and repeat")


class StoreUnavailableError(Exception):
    """The database cannot be reached, is locked for too long or has no connection free; answers UNAVAILABLE."""

    reason: ClassVar[str] = "BACKEND_UNAVAILABLE"


class StoreVersionError(Exception):
    """The database was made by a newer version of riskwave than this one."""

    reason: ClassVar[str] = "CONFIGURATION"
