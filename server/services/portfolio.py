"""PortfolioService: portfolios that are kept by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.server.call import open_ended
from riskwave.server.results import set_timestamp_ns
from riskwave.server.services.watch_portfolio import watch_portfolio
from riskwave.v1 import portfolio_service_pb2 as pb
from riskwave.v1.codec import fill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from riskwave.server.call import Call
    from riskwave.server.market.portfolios import StoredPortfolio
    from riskwave.server.runtime import Runtime


class PortfolioService:
    """Stores, returns, lists and forgets portfolios."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pool = runtime.pool
        self._portfolios = runtime.market.portfolios

    async def put_portfolio(self, request: pb.PutPortfolioRequest, _call: Call) -> pb.PutPortfolioResponse:
        """Store a portfolio, new or changed."""
        given = request.portfolio
        stored = await self._pool.run_io(
            self._portfolios.put,
            given.name,
            list(given.holdings.symbols),
            list(given.holdings.weights),
            etag=given.etag,
        )
        return pb.PutPortfolioResponse(portfolio=_encode(stored))

    async def get_portfolio(self, request: pb.GetPortfolioRequest, _call: Call) -> pb.GetPortfolioResponse:
        """Return a portfolio."""
        stored = await self._pool.run_io(self._portfolios.get, request.name)
        return pb.GetPortfolioResponse(portfolio=_encode(stored))

    async def list_portfolios(self, request: pb.ListPortfoliosRequest, _call: Call) -> pb.ListPortfoliosResponse:
        """Return a page of the portfolios, by name."""
        page, token = await self._pool.run_io(self._portfolios.list, request.page_size, request.page_token)
        return pb.ListPortfoliosResponse(portfolios=map(_encode, page), next_page_token=token)

    async def delete_portfolio(self, request: pb.DeletePortfolioRequest, _call: Call) -> pb.DeletePortfolioResponse:
        """Forget a portfolio."""
        await self._pool.run_io(self._portfolios.delete, request.name, etag=request.etag)
        return pb.DeletePortfolioResponse()

    @open_ended
    def watch_portfolio(
        self, request: pb.WatchPortfolioRequest, _call: Call
    ) -> AsyncIterator[pb.WatchPortfolioResponse]:
        """Send the portfolio's figures as prices move."""
        return watch_portfolio(self._runtime, request)


def _encode(stored: StoredPortfolio) -> pb.Portfolio:
    message = pb.Portfolio(name=stored.name, etag=stored.etag)
    message.holdings.symbols.extend(stored.symbols)
    fill(message.holdings, "weights", stored.weights)
    set_timestamp_ns(message.update_time, stored.update_ns)
    return message
