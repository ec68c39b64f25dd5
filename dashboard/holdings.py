"""The portfolio as the browser keeps it: weights by symbol, with a version by which older pages' data is told apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

VERSION = 1
#: Of the sample prices, those that come daily.
SAMPLE: Mapping[str, float] = {"WTI": 0.5, "BRENT": 0.3, "NATURAL_GAS": 0.2}

Positions = dict[str, float]


def default_start() -> str:
    """Return the first day of the year five years ago: long enough for tails, recent enough for today's market."""
    return f"{datetime.now(UTC).year - 5}-01-01"


def read(data: Any) -> Positions:
    """Return the weights, as fractions by symbol, of what the browser sent; nothing for what is not a portfolio.

    >>> read({"v": 1, "positions": [{"symbol": "WTI", "weight": 0.6}]})
    {'WTI': 0.6}
    >>> read({"v": 99})
    {}
    """
    if not isinstance(data, Mapping) or data.get("v") != VERSION or not isinstance(data.get("positions"), list):
        return {}
    positions: Positions = {}
    for item in data["positions"]:
        symbol, weight = (item.get("symbol"), item.get("weight")) if isinstance(item, Mapping) else (None, None)
        if isinstance(symbol, str) and isinstance(weight, int | float) and math.isfinite(weight):
            positions[symbol] = float(weight)
    return positions


def write(positions: Mapping[str, float]) -> dict[str, Any]:
    """Return what the browser keeps."""
    return {"v": VERSION, "positions": [{"symbol": symbol, "weight": weight} for symbol, weight in positions.items()]}


def as_percent(weight: float) -> float:
    """Return a weight in per cent as its input shows it, with four decimals."""
    return round(100 * weight, 4)


def with_percents(positions: Mapping[str, float], typed: Mapping[str, Any]) -> Positions:
    """Return the positions with the weights that were typed; what is no number, as an empty input, changes nothing."""
    after = dict(positions)
    for symbol, value in typed.items():
        known = symbol in after and isinstance(value, int | float) and not isinstance(value, bool)
        # A weight that only lost decimals to the input keeps its full precision.
        if known and value != as_percent(after[symbol]):
            after[symbol] = value / 100
    return after


def edited(positions: Mapping[str, float], action: str, *, symbol: str | None, weight_percent: Any) -> Positions:
    """Return the positions after one of the manager's actions.

    Parameters
    ----------
    positions : mapping of str to float
        Weights as fractions.
    action : {"add", "remove", "normalise", "equal", "clear", "sample"}
        What to do. Adding an asset that is there sets its weight; weights that add up to zero are not normalised.
    symbol, weight_percent
        The asset of add and remove; its weight in per cent, of add.
    """
    after = dict(positions)
    total = math.fsum(after.values())
    if action == "add" and symbol and isinstance(weight_percent, int | float):
        after[symbol] = weight_percent / 100
    elif action == "remove" and symbol:
        after.pop(symbol, None)
    elif action == "normalise" and total != 0:
        after = {name: weight / total for name, weight in after.items()}
    elif action == "equal" and after:
        after = dict.fromkeys(after, 1 / len(after))
    elif action == "clear":
        after = {}
    elif action == "sample":
        after = dict(SAMPLE)
    return after
