"""`client.portfolios`: weights that are kept on the server by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave._calls import Api, F, Plan, Subscription, ask, method, pages, stream
from riskwave._inputs import Weights, duration, holdings, integer
from riskwave._methods import DELETE_PORTFOLIO, GET_PORTFOLIO, LIST_PORTFOLIOS, PUT_PORTFOLIO, WATCH_PORTFOLIO
from riskwave._results import Grid, Result, Rows, format_number, optional_timestamp
from riskwave._watching import RECONNECT_ATTEMPTS, Reconnection
from riskwave.v1 import portfolio_service_pb2 as pb

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from riskwave._watching import WatchState


@dataclass(frozen=True, slots=True)
class Portfolio(Result):
    """A stored portfolio.

    Attributes
    ----------
    name
        The name.
    weights
        Weights by symbol, as they were given.
    update_time
        When it was stored last.
    etag
        Changes with every change; given back, it guards against changing what somebody else changed meanwhile.
    """

    name: str
    weights: Mapping[str, float]
    update_time: dt.datetime | None
    etag: str

    def grid(self) -> Grid:
        """Return one row an asset."""
        rows = tuple((symbol, format_number(weight)) for symbol, weight in self.weights.items())
        return Grid(f"portfolio {self.name}", ("symbol", "weight"), rows, frozenset({1}))


@dataclass(frozen=True, slots=True)
class PortfolioUpdate:
    """A portfolio after a price moved.

    Attributes
    ----------
    sequence
        Number of the message; give the last one as after_sequence to go on after an interruption.
    period_return
        Return since the previous bar, as a fraction.
    portfolio_return, portfolio_volatility, sharpe_ratio, var_95, max_drawdown
        As in `PortfolioReport`, over the stored history and the new prices.
    time
        Time of the newest price, datetime64[ns] UTC.
    snapshot
        True when it is the newest state and not a change: at the beginning, and after a long interruption.
    """

    sequence: int
    period_return: float
    portfolio_return: float
    portfolio_volatility: float
    sharpe_ratio: float
    var_95: float
    max_drawdown: float
    time: np.datetime64
    snapshot: bool = False


class PortfoliosApi(Api[F]):
    """Portfolios that are kept on the server by name."""

    @method
    def put(
        self, name: str, weights: Weights, *, etag: str | None = None, timeout_s: float | None = None
    ) -> Plan[Portfolio]:
        """Store a portfolio, new or changed.

        Parameters
        ----------
        name
            1 to 64 letters, digits, spaces, hyphens, underscores or full stops.
        weights
            Weights by symbol as fractions; negative is short.
        etag
            What the stored one must have; "new" asks that none of that name exists. None stores anyway.
        timeout_s
            Seconds to wait for the answer.

        Raises
        ------
        ConflictError
            When the stored one has another etag.

        Examples
        --------
        >>> client.portfolios.put("oil", {"WTI": 0.6, "BRENT": 0.4}).weights
        {'WTI': 0.6, 'BRENT': 0.4}
        """
        given = pb.Portfolio(name=name, holdings=holdings(weights, None), etag=etag or "")
        request = pb.PutPortfolioRequest(portfolio=given)
        # With an etag a second time would meet the first one's change and be refused.
        answer = yield from ask(PUT_PORTFOLIO, request, timeout_s, repeatable=not etag)
        return decode_portfolio(answer.portfolio)

    @method
    def get(self, name: str, *, timeout_s: float | None = None) -> Plan[Portfolio]:
        """Return a portfolio. Raises `NotFoundError` for an unknown name."""
        answer = yield from ask(GET_PORTFOLIO, pb.GetPortfolioRequest(name=name), timeout_s)
        return decode_portfolio(answer.portfolio)

    @method
    def list(self, *, timeout_s: float | None = None) -> Plan[Rows[Portfolio]]:
        """List the portfolios by name."""
        found = yield from pages(
            LIST_PORTFOLIOS, pb.ListPortfoliosRequest(), timeout_s, lambda answer: answer.portfolios
        )
        return Rows(decode_portfolio(one) for one in found)

    @method
    def delete(self, name: str, *, etag: str | None = None, timeout_s: float | None = None) -> Plan[None]:
        """Forget a portfolio. Raises `NotFoundError` for an unknown name, `ConflictError` for another etag."""
        yield from ask(DELETE_PORTFOLIO, pb.DeletePortfolioRequest(name=name, etag=etag or ""), timeout_s)

    @stream
    def watch(
        self,
        name: str,
        *,
        after_sequence: int = 0,
        min_interval_s: float | None = None,
        replay_bars_per_second: float = 0.0,
        reconnect_attempts: int = RECONNECT_ATTEMPTS,
        on_state: Callable[[WatchState], object] | None = None,
        timeout_s: float | None = None,
    ) -> Subscription[PortfolioUpdate]:
        """Watch a portfolio's metrics as prices move, until the stream is closed. Parameters as in `prices.watch`."""
        request = pb.WatchPortfolioRequest(
            name=name,
            after_sequence=integer(pb.WatchPortfolioRequest, "after_sequence", after_sequence, "after_sequence"),
            min_interval=duration(min_interval_s),
            replay_bars_per_second=replay_bars_per_second,
        )
        reconnection = Reconnection(request, reconnect_attempts, on_state)
        return Subscription(WATCH_PORTFOLIO, request, decode_portfolio_update, timeout_s, reconnection)


def decode_portfolio(message: pb.Portfolio) -> Portfolio:
    """Return a portfolio of its message."""
    weights = dict(zip(message.holdings.symbols, message.holdings.weights, strict=True))
    return Portfolio(message.name, weights, optional_timestamp(message, "update_time"), message.etag)


def decode_portfolio_update(message: pb.WatchPortfolioResponse) -> PortfolioUpdate | None:
    """Return the portfolio after a price moved; None for a heartbeat."""
    if message.WhichOneof("event") != "update":
        return None
    update = message.update
    return PortfolioUpdate(
        sequence=message.sequence,
        period_return=update.period_return,
        portfolio_return=update.portfolio_return,
        portfolio_volatility=update.portfolio_volatility,
        sharpe_ratio=update.sharpe_ratio,
        var_95=update.var_95,
        max_drawdown=update.max_drawdown,
        time=np.datetime64(update.time, "ns"),
        snapshot=message.snapshot,
    )
