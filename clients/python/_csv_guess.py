"""Guesses how a CSV file of prices is written: delimiter, columns, order of dates, decimal sign.

Every guess is told in the report. What could be read in two ways is not guessed but asked for.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from riskwave._errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

DateOrder = Literal["ymd", "dmy", "mdy"]
Decimal = Literal[".", ","]
Layout = Literal["wide", "long", "single"]

#: In this order where several split the file equally well: a comma is also a decimal sign.
DELIMITERS: Final = ("\t", ";", "|", ",")
SAMPLE_LINES: Final = 200
#: Cells that mean no value.
MISSING: Final = frozenset(
    {"", ".", "..", "-", "--", "...", "na", "n/a", "#n/a", "nan", "null", "none", "nd", "n.a.", "missing"}
)
DATE_NAMES: Final = ("date", "datetime", "time", "timestamp", "day", "month", "period", "observation_date", "datum", "")
SYMBOL_NAMES: Final = ("symbol", "ticker", "asset", "commodity", "instrument", "series", "code", "name")
PRICE_NAMES: Final = (
    "close",
    "price",
    "value",
    "settle",
    "settlement",
    "last",
    "adj close",
    "adj_close",
    "rate",
    "kurs",
)
BAR_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "volume": ("volume", "vol", "vol."),
}
#: Columns that often stand beside prices and are none.
IGNORED_NAMES: Final = frozenset(
    {"change", "change %", "change_percent", "changepercent", "vwap", "unit", "currency", "source"}
)

_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
_MONTH = re.compile(r"(\d{4})(?:-|/|M)(\d{1,2})", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[- .]([A-Za-z]{3,9})\.?[- ,]+(\d{4})", re.ASCII)
_NAMED_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})", re.ASCII)
_CLOCK = re.compile(
    r"(?P<day>.+?)[T ]+(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(?P<zone>Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?", re.ASCII)
_ORDINARY = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_GROUPED_COMMA = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_GROUPED_POINT = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what; numbers are positions."""

    layout: Layout
    date: int
    symbol: int | None
    #: Position of each value by ``close``, ``open``..., or by symbol in a wide file.
    values: Mapping[str, int]
    ignored: tuple[int, ...]


def delimiter_of(lines: Sequence[str]) -> str:
    """Return the delimiter that splits most lines into as many fields as the first one, and into two at least."""
    best: tuple[float, str] | None = None
    for delimiter in DELIMITERS:
        counts = [len(row) for row in csv.reader(lines[:SAMPLE_LINES], delimiter=delimiter) if row]
        if not counts or counts[0] < 2:
            continue
        agreement = sum(count == counts[0] for count in counts) / len(counts)
        if best is None or agreement > best[0]:
            best = (agreement, delimiter)
    if best is None:
        raise invalid(
            "file", lines[0][:60] if lines else "", "a CSV file with a date and at least one price in each line"
        )
    return best[1]


def named(header: Sequence[str], names: Sequence[str]) -> int | None:
    """Return the position of the first of `names` that is in the header, whatever its case."""
    folded = [name.strip().casefold() for name in header]
    return next((folded.index(name) for name in names if name in folded), None)


def columns_of(
    header: Sequence[str], sample: Sequence[Sequence[str]], *, date: str | None, symbol: str | None, price: str | None
) -> Columns:
    """Tell the columns by their names and, for the date, by what is in them."""
    date_at = _asked(header, date, "date_column") if date else named(header, DATE_NAMES)
    if date_at is None or (not date and not _mostly_dates(sample, date_at)):
        date_at = next((n for n in range(len(header)) if _mostly_dates(sample, n)), None)
    if date_at is None:
        raise invalid("date_column", ", ".join(header), "a column with dates; name it")
    others = [n for n in range(len(header)) if n != date_at]
    unnamed = [n for n in others if not header[n].strip()]
    for n in unnamed:
        if any(len(row) > n and row[n].strip() for row in sample):
            raise invalid("header", f"empty in column {n + 1}", "a name for each column that has values")
    others = [n for n in others if n not in unnamed]
    symbol_at = _asked(header, symbol, "symbol_column") if symbol else named(header, SYMBOL_NAMES)
    price_at = _asked(header, price, "price_column") if price else named(header, PRICE_NAMES)
    bars = {name: named(header, names) for name, names in BAR_NAMES.items()}
    values = {name: n for name, n in {"close": price_at, **bars}.items() if n is not None}
    if symbol_at is not None and symbol_at != date_at:
        if price_at is None:
            raise invalid("price_column", ", ".join(header), "the column with the prices; name it")
        rest = [n for n in others if n != symbol_at and n not in values.values()]
        return Columns("long", date_at, symbol_at, values, tuple(rest + unnamed))
    rest = [n for n in others if n not in values.values()]
    one_series = price_at is not None and all(
        header[n].strip().casefold() in (*IGNORED_NAMES, *PRICE_NAMES) for n in rest
    )
    if one_series:
        return Columns("single", date_at, None, values, tuple(rest + unnamed))
    return Columns("wide", date_at, None, {header[n].strip(): n for n in others}, tuple(unnamed))


def _asked(header: Sequence[str], name: str, option: str) -> int:
    found = named(header, (name.strip().casefold(),))
    if found is None:
        raise invalid(option, name, f"one of {', '.join(header)}")
    return found


def _mostly_dates(sample: Sequence[Sequence[str]], column: int) -> bool:
    cells = [row[column].strip() for row in sample if len(row) > column and row[column].strip()]
    looking = sum(any(parse_date(cell, order) is not None for order in ("ymd", "dmy", "mdy")) for cell in cells)
    # A row of units below the header is no date; a column of years or prices has none at all.
    return bool(cells) and looking * 2 > len(cells)


# ---- dates -------------------------------------------------------------------------------------------------------


def date_order_of(cells: Iterable[str]) -> DateOrder:
    """Tell whether day or month comes first in dates such as 01/02/2020; ``ymd`` when no date is written so.

    A number above 12 decides, then a full stop between the numbers (day first), then the order of the file: the
    reading under which its dates run one way. When nothing decides, it is asked for.
    """
    parts: list[tuple[int, int]] = []
    dotted = False
    written: list[str] = []
    for cell in cells:
        found = None if cell[4:5] == "-" else _YEAR_LAST.match(cell.strip())
        if found:
            parts.append((int(found[1]), int(found[3])))
            dotted = dotted or found[2] == "."
            written.append(cell)
    if not parts:
        return "ymd"
    day_first = sum(first > 12 for first, _ in parts)
    month_first = sum(second > 12 for _, second in parts)
    if day_first != month_first:
        return "dmy" if day_first > month_first else "mdy"
    if dotted:
        return "dmy"
    one_way = [order for order in ("dmy", "mdy") if _runs_one_way([parse_date(cell, order) for cell in written])]
    if len(one_way) == 1:
        return "dmy" if one_way[0] == "dmy" else "mdy"
    raise invalid("date_order", written[0], "told to be dmy or mdy: these dates can be read both ways")


def _runs_one_way(times: Sequence[dt.datetime | None]) -> bool:
    known = [time for time in times if time is not None]
    steps = list(pairwise(known))
    return len(known) == len(times) > 2 and (all(a < b for a, b in steps) or all(a > b for a, b in steps))


def parse_date(cell: str, order: str) -> dt.datetime | None:
    """Return the time that a cell means, UTC without a zone; None when it is none.

    Known are 2020-01-31, 2020/1/31, 20200131, 2020-01, 2020M01, 31-Jan-2020, Jan 31, 2020, and with `order` 31/01/2020
    or 01/31/2020, also with ``.`` or ``-``; each may be followed by a time of day and a zone. Two-digit years are not
    read.

    Examples
    --------
    >>> parse_date("31/01/2020", "dmy"), parse_date("31/01/2020", "mdy")
    (datetime.datetime(2020, 1, 31, 0, 0), None)
    """
    text, clock, zone = cell.strip(), "", ""
    if len(text) == 10 and text[4] == text[7] == "-":  # nearly every file
        try:
            return dt.datetime.fromisoformat(text)
        except ValueError:
            return None
    with_clock = _CLOCK.fullmatch(text)
    if with_clock:
        text, clock, zone = with_clock["day"], with_clock["clock"], with_clock["zone"] or ""
    day = _day(text, order)
    if day is None:
        return None
    if not clock:
        return dt.datetime(*day)  # noqa: DTZ001 (UTC, as the whole file)
    try:
        time = dt.time.fromisoformat(clock.zfill(5) if clock.count(":") == 1 else clock.zfill(8))
        moment = dt.datetime(*day, time.hour, time.minute, time.second, time.microsecond, tzinfo=dt.UTC)
    except ValueError:
        return None
    if zone and zone != "Z":
        sign = 1 if zone[0] == "+" else -1
        moment -= sign * dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return moment.replace(tzinfo=None)


def _day(text: str, order: str) -> tuple[int, int, int] | None:
    for pattern, read in _READERS:
        found = pattern.fullmatch(text)
        if found:
            year, month, day = read(found, order)
            try:
                dt.date(year, month, day)
            except ValueError:
                return None
            return year, month, day
    return None


def _month_number(name: str) -> int:
    short = name[:3].casefold()
    return _MONTHS.index(short) + 1 if short in _MONTHS else 0


def _year_last(found: re.Match[str], order: str) -> tuple[int, int, int]:
    first, second = int(found[1]), int(found[3])
    day, month = (second, first) if order == "mdy" else (first, second)
    return int(found[4]), month, day if order != "ymd" else 0


_READERS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], tuple[int, int, int]]], ...]] = (
    (_YEAR_FIRST, lambda m, _order: (int(m[1]), int(m[2]), int(m[3]))),
    (_COMPACT, lambda m, _order: (int(m[1]), int(m[2]), int(m[3]))),
    (_MONTH, lambda m, _order: (int(m[1]), int(m[2]), 1)),
    (_YEAR_LAST, _year_last),
    (_NAMED, lambda m, _order: (int(m[3]), _month_number(m[2]), int(m[1]))),
    (_NAMED_FIRST, lambda m, _order: (int(m[3]), _month_number(m[1]), int(m[2]))),
)


# ---- numbers -----------------------------------------------------------------------------------------------------


def decimal_of(cells: Iterable[str], delimiter: str) -> Decimal:
    """Tell whether a comma or a full stop is the decimal sign.

    Where a cell has both, the later one. A comma that is followed by other than three digits is the decimal sign. Cells
    like 1,234 alone could be either; they are asked for, unless commas are also the file's delimiter (then they group).
    """
    counts: Counter[str] = Counter()
    for cell in cells:
        if "," in cell or cell.count(".") > 1:
            counts[_decimal_hint(plain(cell))] += 1
        elif "." in cell:
            counts["point or nothing"] += 1
    if counts["comma"] != counts["point"]:
        return "," if counts["comma"] > counts["point"] else "."
    if counts["comma or groups"] and not counts["point or nothing"] and delimiter != ",":
        raise invalid(
            "decimal", "a comma before three digits, as in 1,234", "told to be , or .: it can be read both ways"
        )
    return "."


def _decimal_hint(text: str) -> str:
    """Say which decimal sign a number shows, or between what it leaves the choice."""
    if not _NUMBER.fullmatch(text):
        return ""
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        return "comma" if comma > point else "point"
    if comma >= 0:
        return "comma or groups" if _GROUPED_COMMA.fullmatch(text) else "comma"
    return "comma" if text.count(".") > 1 and _GROUPED_POINT.fullmatch(text) else "point or nothing"


def plain(cell: str) -> str:
    """Return a cell without spaces, with an ordinary minus."""
    return cell.strip().replace("\u2212", "-").replace("\u00a0", "").replace("\u202f", "").replace(" ", "")


def parse_number(cell: str, decimal: Decimal) -> float | None:
    """Return the number that a cell means; None when it is none. Grouped thousands are read, anything else is not.

    Examples
    --------
    >>> parse_number("1.234,5", ","), parse_number("-36.98", "."), parse_number("12abc", ".")
    (1234.5, -36.98, None)
    """
    if decimal == "." and _ORDINARY.fullmatch(cell):  # nearly every cell
        return float(cell)
    text = plain(cell)
    if not _NUMBER.fullmatch(text):
        return None
    group = "," if decimal == "." else "."
    if group in text:
        pattern = _GROUPED_COMMA if decimal == "." else _GROUPED_POINT
        if not pattern.fullmatch(text):
            return None
        text = text.replace(group, "")
    text = text.replace(decimal, ".")
    return float(text) if text.count(".") <= 1 else None
