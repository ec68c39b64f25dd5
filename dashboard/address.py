"""The state of a page in its address, so that a copied link shows the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskwave.dashboard.components.forms import Value, parameter_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from riskwave import IndicatorSpec


@dataclass(frozen=True, slots=True)
class MarketsState:
    """What the markets page shows; indicators with the texts of their parameters in the registry's order."""

    symbol: str
    source: str | None
    span: str
    log: bool
    look_ahead: bool
    indicators: tuple[tuple[str, tuple[str, ...]], ...]


def read_markets(query: Mapping[str, str], *, default_symbol: str, default_indicators: Sequence[str]) -> MarketsState:
    """Return the state that a query such as ``symbol=WTI&range=5y&indicators=RSI~21,MACD`` describes.

    >>> read_markets({"indicators": "RSI~21"}, default_symbol="WTI", default_indicators=()).indicators
    (('RSI', ('21',)),)
    """
    text = query.get("indicators")
    entries = default_indicators if text is None else [entry for entry in text.split(",") if entry]
    indicators = []
    for entry in entries:
        name, *values = entry.split("~")
        indicators.append((name, tuple(values)))
    return MarketsState(
        symbol=query.get("symbol") or default_symbol,
        source=query.get("source") or None,
        span=query.get("range", ""),
        log=query.get("log") == "1",
        look_ahead=query.get("ahead") == "1",
        indicators=tuple(indicators),
    )


def merged_values(spec: IndicatorSpec, initial: Sequence[str], kept: Mapping[tuple[str, str], Any]) -> dict[str, Value]:
    """Return the values of an indicator's form: what the reader typed, else what the address says, else nothing.

    Parameters
    ----------
    spec : riskwave.IndicatorSpec
        The indicator.
    initial : sequence of str
        What the address says, in the order of the parameters.
    kept : mapping
        What is in the forms now, by indicator and parameter.
    """
    values: dict[str, Value] = {}
    for index, parameter in enumerate(spec.parameters):
        text = initial[index] if index < len(initial) else None
        value = parameter_value(parameter, kept.get((spec.name, parameter.name), text))
        if value is not None:
            values[parameter.name] = value
    return values
