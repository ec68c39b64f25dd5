"""Cards with one number each: the value, its error, and whether it is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dash import html

from riskwave.dashboard.components.aria import aria
from riskwave.dashboard.components.part import info_popover
from riskwave.dashboard.formats import Unit, interval, plus_minus, quantity

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from riskwave import Estimate

Verdict = Literal["good", "fair", "poor", ""]

_SIGNS: dict[Verdict, str] = {
    "good": "\N{BLACK UP-POINTING TRIANGLE} Good",
    "fair": "\N{BLACK DIAMOND} Fair",
    "poor": "\N{BLACK DOWN-POINTING TRIANGLE} Poor",
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which value on a number is good, and up to which it is poor; higher is better when `good` exceeds `poor`."""

    good: float
    poor: float

    def judge(self, value: float) -> Verdict:
        """Return the verdict on `value`; none for NaN.

        >>> Threshold(good=1.0, poor=0.5).judge(0.7), Threshold(good=0.15, poor=0.3).judge(0.4)
        ('fair', 'poor')
        """
        if value != value:  # noqa: PLR0124 - NaN alone differs from itself
            return ""
        sign = 1 if self.good >= self.poor else -1
        if sign * value >= sign * self.good:
            return "good"
        return "poor" if sign * value <= sign * self.poor else "fair"

    def words(self, unit: Unit) -> str:
        """Return the rule in words, for the card's definition."""
        above, below = ("from", "up to") if self.good >= self.poor else ("up to", "from")
        digits = 1 if unit == "fraction" else 2
        return f"Good {above} {quantity(self.good, unit, digits)}, poor {below} {quantity(self.poor, unit, digits)}."


def metric_card(
    name: str, title: str, estimate: Estimate, *, unit: Unit, definition: str, threshold: Threshold | None = None
) -> Component:
    """Return a card for one number.

    Parameters
    ----------
    name : str
        The number's name in the contract, such as ``sharpe_ratio``: the card's id is ``metric-{name}``.
    title : str
        The name in words.
    estimate : riskwave.Estimate
        The value with its standard error and interval; what is NaN is left out.
    unit : {"fraction", "ratio", "price"}
        How it is written.
    definition : str
        What it means, behind the (i).
    threshold : Threshold, optional
        Colours the card and says good, fair or poor in words. Unset leaves it neutral.
    """
    verdict: Verdict = threshold.judge(estimate.value) if threshold else ""
    about = definition if threshold is None else f"{definition} {threshold.words(unit)}"
    bounds = interval(estimate, unit)
    texts = (
        plus_minus(estimate.standard_error, unit),
        f"{estimate.confidence:.0%}: {bounds}" if bounds else "",
    )
    error = " \N{MIDDLE DOT} ".join(text for text in texts if text)
    return html.Div(
        [
            html.Div([html.Span(title), info_popover(title, about)], className="rw-card-head"),
            html.Div(quantity(estimate.value, unit), className="rw-card-value", id=f"metric-{name}"),
            html.Div(error, className="rw-card-error") if error else None,
            html.Div(_SIGNS[verdict], className="rw-card-word") if verdict else None,
        ],
        className=f"rw-card rw-{verdict}" if verdict else "rw-card",
        role="group",
        **aria(label=title),
    )


def plain_card(title: str, value: str, note: str = "", *, card_id: str) -> Component:
    """Return a card with a text that is neither good nor bad."""
    return html.Div(
        [
            html.Div(title, className="rw-card-head"),
            html.Div(value, className="rw-card-value", id=card_id),
            html.Div(note, className="rw-card-error") if note else None,
        ],
        className="rw-card",
        role="group",
        **aria(label=title),
    )
