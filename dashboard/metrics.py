"""Which numbers a portfolio's cards show, how they are written, and from where on they are good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskwave.dashboard.components.cards import Threshold, metric_card

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from riskwave import PortfolioReport
    from riskwave.dashboard.formats import Unit


@dataclass(frozen=True, slots=True)
class Metric:
    """One card: a measure's name, short title, unit, and from where on it is good. The registry has the definition."""

    name: str
    title: str
    unit: Unit
    threshold: Threshold


#: The verdicts are rules of thumb for daily returns of a long-only investment; each card says its own.
METRICS = (
    Metric("portfolio_return", "Return a year", "fraction", Threshold(good=0.05, poor=0.0)),
    Metric("portfolio_volatility", "Volatility a year", "fraction", Threshold(good=0.15, poor=0.30)),
    Metric("sharpe_ratio", "Sharpe ratio", "ratio", Threshold(good=1.0, poor=0.3)),
    Metric("var_95", "VaR 95\N{NO-BREAK SPACE}%", "fraction", Threshold(good=-0.015, poor=-0.03)),
    Metric("cvar_95", "CVaR 95\N{NO-BREAK SPACE}%", "fraction", Threshold(good=-0.02, poor=-0.045)),
    Metric("max_drawdown", "Maximum drawdown", "fraction", Threshold(good=-0.15, poor=-0.35)),
)


def report_cards(report: PortfolioReport) -> list[Component]:
    """Return the cards of a portfolio report, in the order of `METRICS`."""
    definitions = {measure.name: measure.doc for measure in report.measures}
    return [
        metric_card(
            metric.name,
            metric.title,
            getattr(report, metric.name),
            unit=metric.unit,
            definition=definitions.get(metric.name, ""),
            threshold=metric.threshold,
        )
        for metric in METRICS
    ]
