"""What all results share: as a dict, as a table in a notebook, and as text in a terminal."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


def as_plain(value: Any) -> Any:
    """Return a result as dicts, lists, numbers and texts, all the way down; NaN stays NaN."""
    plain = getattr(value, "to_dict", None)
    if plain is not None and not isinstance(value, type):
        return plain()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return [str(time) for time in value] if value.dtype.kind == "M" else value.tolist()
    if isinstance(value, Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, Rows):
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
    if isinstance(value, list | tuple):
        return [as_plain(item) for item in value]
    if isinstance(value, dt.date):  # a datetime is one, too
        return value.isoformat()
    if isinstance(value, np.datetime64):
        return str(value)
    return value


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """A small table for people.

    Attributes
    ----------
    title
        What it shows.
    columns
        Headings. Those of numbers are aligned to the right.
    rows
        Texts, one a column.
    numeric
        Which columns hold numbers.
    notes
        Lines below: what was computed from what, warnings.
    spare
        Columns that may be left out where there is little room, the first one first.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
    spare: tuple[int, ...] = ()

    def to_html(self) -> str:
        """Return the table as it is shown in a notebook."""
        escape = html.escape

        def cells(tag: str, texts: tuple[str, ...]) -> str:
            styled = (
                f'<{tag} style="text-align:{"right" if i in self.numeric else "left"}">{escape(text)}</{tag}>'
                for i, text in enumerate(texts)
            )
            return f"<tr>{''.join(styled)}</tr>"

        notes = "".join(f'<div style="opacity:.7;font-size:smaller">{escape(note)}</div>' for note in self.notes)
        return (
            f'<div><strong>{escape(self.title)}</strong><table style="font-variant-numeric:tabular-nums">'
            f"<thead>{cells('th', self.columns)}</thead>"
            f"<tbody>{''.join(cells('td', row) for row in self.rows)}</tbody></table>{notes}</div>"
        )

    def to_text(self) -> str:
        """Return the table with aligned columns."""
        table = (self.columns, *self.rows)
        widths = [max(len(row[i]) for row in table) for i in range(len(self.columns))]

        def line(row: tuple[str, ...]) -> str:
            padded = (
                text.rjust(width) if i in self.numeric else text.ljust(width)
                for i, (text, width) in enumerate(zip(row, widths, strict=True))
            )
            return "  ".join(padded).rstrip()

        return "\n".join((self.title, *map(line, table), *self.notes))


class Result:
    """Base of the results. Subclasses say in `grid` what people see first."""

    __slots__ = ()

    def grid(self) -> Grid:
        """Return the table that a notebook and the command line show."""
        names = [field.name for field in dataclasses.fields(self)]  # type: ignore[arg-type] # subclasses are dataclasses
        rows = tuple((name, format_value(getattr(self, name))) for name in names)
        return Grid(type(self).__name__, ("field", "value"), rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dicts, lists, numbers and texts; NaN stays NaN."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type] # subclasses are dataclasses
        return {field.name: as_plain(getattr(self, field.name)) for field in fields}

    def _repr_html_(self) -> str:
        return self.grid().to_html()

    def __str__(self) -> str:
        return self.grid().to_text()


class Rows(tuple[T, ...]):
    """Entries of a list, in the server's order; a tuple that knows how to become a frame.

    Examples
    --------
    >>> from riskwave import ResultWarning
    >>> Rows([ResultWarning("WEIGHTS_NORMALISED", "weights were divided by 2")])[0].code
    'WEIGHTS_NORMALISED'
    """

    __slots__ = ()

    def to_pandas(self) -> pd.DataFrame:
        """Return one row an entry, one column a field."""
        import pandas as pd

        return pd.DataFrame([_flat(entry) for entry in self])

    def to_dict(self) -> list[Any]:
        """Return the entries as dicts."""
        return [as_plain(entry) for entry in self]

    def grid(self) -> Grid:
        """Return the table that a notebook shows."""
        rows = [_flat(entry) for entry in self]
        columns = tuple(rows[0]) if rows else ()
        numeric = frozenset(
            i for i, name in enumerate(columns) if all(isinstance(row[name], int | float) for row in rows)
        )
        texts = tuple(tuple(format_value(row[name]) for name in columns) for row in rows)
        return Grid(f"{len(self)} {'entry' if len(self) == 1 else 'entries'}", columns, texts, numeric)

    def _repr_html_(self) -> str:
        return self.grid().to_html()


def _flat(entry: Any) -> dict[str, Any]:
    if not dataclasses.is_dataclass(entry):
        return {"value": entry}
    return {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}


def format_value(value: Any) -> str:
    """Return a value as a short text for people.

    Examples
    --------
    >>> format_value(0.123456789), format_value(1_000_000), format_value(float("nan"))
    ('0.123457', '1,000,000', 'n/a')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format_number(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={format_value(item)}" for key, item in value.items())
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}" if value.time() != dt.time() else f"{value:%Y-%m-%d}"
    if isinstance(value, Rows):
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
    if isinstance(value, list | tuple):
        return ", ".join(format_value(item) for item in value)
    return str(value)


def format_number(value: float, digits: int = 6) -> str:
    """Return a number with so many significant digits; NaN is n/a, for it is a value that does not exist."""
    if math.isnan(value):
        return "n/a"
    return f"{value:,.{digits}g}"


def format_duration(seconds: float) -> str:
    """Return a time for people.

    Examples
    --------
    >>> [format_duration(each) for each in (0.0123, 8.25, 75.0, 2840.0, 30_000.0, 400_000.0)]
    ['0.0123 s', '8.25 s', '75 s', '47 min', '8.3 h', '4.6 days']
    """
    if seconds < 100:
        return f"{seconds:.3g} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def timestamp(message: Any) -> dt.datetime:
    """Return a protobuf Timestamp as a datetime in UTC."""
    moment: dt.datetime = message.ToDatetime(tzinfo=dt.UTC)
    return moment


def optional_timestamp(message: Any, name: str) -> dt.datetime | None:
    """Return a Timestamp field as a datetime in UTC, or None when it is not set."""
    return timestamp(getattr(message, name)) if message.HasField(name) else None


def seconds(message: Any) -> float:
    """Return a protobuf Duration in seconds."""
    return float(message.seconds + message.nanos * 1e-9)


def times_of(values: Any) -> np.ndarray[Any, np.dtype[np.datetime64]] | None:
    """Return nanoseconds since 1970 as datetime64[ns], or None when there are none."""
    return values.view("datetime64[ns]") if len(values) else None
