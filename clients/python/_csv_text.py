"""The text of a CSV file: encoding, lines and fields."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from riskwave._csv_guess import parse_date
from riskwave._errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator


def decoded(data: bytes) -> tuple[str, str]:
    """Return a file's text and its encoding: UTF-8, UTF-16 with its mark, or else Windows-1252."""
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    if encoding == "utf-8-sig" and b"\0" in data:
        raise invalid("file", "binary", "a text file")
    try:
        return data.decode(encoding), encoding.removesuffix("-sig")
    except UnicodeDecodeError:
        if encoding == "utf-16":
            raise invalid("file", "broken UTF-16", "a text file") from None
    try:
        return data.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        raise invalid("file", "neither UTF-8 nor Windows-1252", "a text file") from None


def counts(line: str) -> bool:
    """Tell whether a line is neither empty nor a comment."""
    return bool(line.strip()) and not line.startswith("#")


def rows_of(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line and fields; empty lines and lines that begin with # are left out."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    began = 1
    while True:
        try:
            row = next(lines, None)
        except csv.Error as error:
            raise invalid("file", f"line {began}", f"CSV; {error}") from None
        if row is None:
            return
        if any(field.strip() for field in row) and not row[0].startswith("#"):
            yield began, row
        began = lines.line_num + 1


def check_header(header: list[str], line: int) -> None:
    """Strip the names; refuse a header that is none, or has a name twice."""
    named = [name.strip() for name in header]
    header[:] = named
    if any(parse_date(name, order) for name in named for order in ("ymd", "dmy", "mdy")):
        raise invalid(
            "file", f"a date in line {line}", "a file with a header in its first line, such as date,WTI,BRENT"
        )
    repeated = sorted({name for name in named if name and named.count(name) > 1})
    if repeated:
        raise invalid("header", ", ".join(repeated), "names that occur once")
