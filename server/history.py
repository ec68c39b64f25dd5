"""The history behind a request: bars, prices and returns of the store or of the request, with their provenance."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError, ShapeMismatchError
from riskwave.server.results import INLINE, Provenance
from riskwave.v1.codec import decode_array, read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.v1 import portfolio_pb2

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class ReturnHistory:
    """Simple returns of several assets over common periods.

    Parameters
    ----------
    returns
        Shape (observations, assets) or (observations,), as fractions.
    weights
        One an asset as given; empty where the request has none.
    assets
        Their names.
    times
        End of each period in nanoseconds since 1970-01-01 UTC; empty where none are known.
    provenance
        Where it came from.
    fields
        The request's own name for ``returns``, ``weights`` and ``assets``, for errors and warnings.
    """

    returns: NDArray[np.float64]
    weights: NDArray[np.float64]
    assets: tuple[str, ...]
    times: NDArray[np.int64]
    provenance: Provenance
    fields: dict[str, str]


def parse_date(text: str, field: str) -> dt.date | None:
    """Return the date of an ISO 8601 text, None for an empty one.

    Raises
    ------
    InputError
        For everything else; names `field`.

    Examples
    --------
    >>> parse_date("2020-04-20", "start_date")
    datetime.date(2020, 4, 20)
    """
    if not text:
        return None
    allowed = "a date of the form 2020-04-20"
    if not _ISO_DATE.fullmatch(text):
        raise InputError(field, text, allowed)
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(field, text, allowed) from None


def parse_range(start: str, end: str, field: str) -> tuple[dt.date | None, dt.date | None]:
    """Return first and last date of a request; `field` is the message that has ``start_date`` and ``end_date``.

    Raises
    ------
    InputError
        For a text that is no date, or a start after the end.
    """
    first, last = parse_date(start, f"{field}.start_date"), parse_date(end, f"{field}.end_date")
    if first is not None and last is not None and first > last:
        raise InputError(f"{field}.start_date", start, f"on or before the end, {end}")
    return first, last


def inline_history(data: portfolio_pb2.PortfolioData, field: str) -> ReturnHistory:
    """Return the history that a request carries.

    Raises
    ------
    ShapeMismatchError
        When times or names do not match the returns. What returns and weights must be is checked by what uses them.
    """
    inline = data.inline_returns
    path = f"{field}.inline_returns"
    for name in ("source", "start_date", "end_date"):
        if getattr(data, name):
            raise InputError(f"{field}.{name}", getattr(data, name), "empty, because the returns are in the request")
    returns = decode_array(inline.returns, f"{path}.returns")
    times = read(inline, "times")
    observations = len(returns)
    if times.size and times.size != observations:
        raise ShapeMismatchError(f"{path}.times", f"{times.size} times", f"one time a return, {observations}")
    count = returns.shape[1] if returns.ndim == 2 else 1
    if inline.assets and len(inline.assets) != count:
        raise ShapeMismatchError(f"{path}.assets", f"{len(inline.assets)} names", f"one name an asset, {count}")
    names = tuple(inline.assets) or tuple(f"asset_{index}" for index in range(count))
    fields = {"returns": f"{path}.returns", "weights": f"{path}.weights", "assets": f"{path}.assets"}
    return ReturnHistory(returns, np.array(inline.weights), names, times, INLINE, fields)
