"""Real prices that are packaged with riskwave; ACKNOWLEDGEMENTS.md says whose they are and what to know about them."""

from __future__ import annotations

import csv
import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.server.market.series import SeriesRows

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from riskwave.server.market.store import PriceStore

SOURCE: Final = "sample"
FACT: Final = "samples"
_FOLDER: Final = __name__


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What loading the samples did.

    Parameters
    ----------
    loaded
        False when the store had this version already.
    version
        Digest of the packaged files.
    series_count, row_count
        Series and rows that are packaged.
    empty_cells
        Cells of the origin that are empty between the first and last price, by symbol; they have no row.
    """

    loaded: bool
    version: str
    series_count: int = 0
    row_count: int = 0
    empty_cells: dict[str, int] | None = None


def load_samples(store: PriceStore) -> SampleReport:
    """Put the packaged prices into the store as source ``sample``, unless this version of them is there.

    They are stored together or not at all; a new version replaces the old one, and series that it no longer has go.
    """
    version = _version()
    if store.fact(FACT) == version:
        return SampleReport(loaded=False, version=version)
    given = read_samples()
    store.upsert(SOURCE, given, replace=True, notes={FACT: version})
    with _file("series.csv").open(encoding="utf-8") as lines:
        empty = {row["symbol"]: int(row["empty_cells"]) for row in csv.DictReader(lines)}
    counted = {symbol: count for symbol, count in empty.items() if count}
    return SampleReport(True, version, len(given), sum(len(rows.times) for rows in given), counted)


def read_samples() -> list[SeriesRows]:
    """Read the packaged prices.

    Examples
    --------
    >>> samples = {rows.symbol: rows for rows in read_samples()}
    >>> samples["WTI"].close.min().item(), samples["GOLD"].frequency
    (-36.98, 'monthly')
    """
    symbols: dict[str, tuple[list[str], list[str]]] = {}
    with _file("prices.csv.gz").open("rb") as packed, gzip.open(packed, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            symbol, date, price = line.rstrip("\n").split(",")
            dates, prices = symbols.setdefault(symbol, ([], []))
            dates.append(date)
            prices.append(price)
    found: list[SeriesRows] = []
    with _file("series.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            dates, prices = symbols[row["symbol"]]
            found.append(
                SeriesRows(
                    symbol=row["symbol"],
                    times=np.array(dates, dtype="datetime64[D]").astype("datetime64[ns]").astype(np.int64),
                    close=np.array(prices, dtype=np.float64),
                    name=row["name"],
                    category=row["category"],
                    unit=row["unit"],
                    currency=row["currency"],
                    frequency=row["frequency"],
                    acknowledgement=row["acknowledgement"],
                )
            )
    return found


def _version() -> str:
    digest = hashlib.sha256()
    for name in ("series.csv", "prices.csv.gz"):
        digest.update(_file(name).read_bytes())
    return digest.hexdigest()[:16]


def _file(name: str) -> Traversable:
    return files(_FOLDER) / name
