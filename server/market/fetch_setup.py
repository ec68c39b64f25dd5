"""The vendors put together from the settings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from riskwave.compute.errors import InputError
from riskwave.config import ApiKeys, ConfigError, Problem
from riskwave.server.market.budget import Budget, parse_window
from riskwave.server.market.fetch import Vendor
from riskwave.server.market.fetch_series import Freshness, SeriesFetcher
from riskwave.server.market.fetch_tiers import TieredFetcher
from riskwave.server.market.sources import SOURCES, DeferredTransport
from riskwave.server.market.sources.file import folder_source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from riskwave.config import Settings
    from riskwave.server.market.fetch_series import PriceShelf
    from riskwave.server.market.series import PriceSeries, Selection
    from riskwave.server.market.sources import Source, Window


@dataclass(frozen=True, slots=True)
class Vendors:
    """Everything that asks vendors; made by `open_vendors`.

    Parameters
    ----------
    fetcher
        Answers requests for prices.
    transport, budget
        What it uses.
    """

    fetcher: TieredFetcher
    transport: DeferredTransport
    budget: Budget

    async def close(self) -> None:
        """Close connections and file."""
        await self.transport.close()
        await asyncio.to_thread(self.budget.close)


def open_vendors(
    settings: Settings,
    store: PriceShelf,
    keys: ApiKeys,
    *,
    correlation_id: Callable[[], str] = str,
    read: Callable[[Selection], Awaitable[Sequence[PriceSeries]]] | None = None,
) -> Vendors:
    """Return the vendors of the settings; nothing is asked and no file is opened yet.

    Parameters
    ----------
    settings
        Their section ``market``.
    store
        Where prices are kept.
    keys
        Those of the vendors that have one.
    correlation_id
        Returns the id of the call that is being answered.
    read
        Reads stored prices, such as through a cache; None reads the store itself.

    Raises
    ------
    ConfigError
        The settings name a vendor that does not exist.
    """
    market = settings.market
    sources: list[Source] = list(SOURCES)
    if market.folder is not None:
        sources.append(folder_source(market.folder))
    limits: dict[str, tuple[Window, ...]] = {}
    for entry in market.limits:
        name, _, text = entry.partition("=")
        _check_name("market.limits", name)
        limits[name] = (*limits.get(name, ()), parse_window(text))
    base_urls = {}
    for entry in market.base_urls:
        name, _, url = entry.partition("=")
        _check_name("market.base_urls", name)
        base_urls[SOURCES.get(name).base_url] = url.rstrip("/")
    transport, budget = DeferredTransport(base_urls=base_urls), Budget(market.budget_file)
    vendors = {
        source.name: Vendor(
            source,
            transport,
            budget,
            key=keys.get(source.name) if source.auth is not None else None,
            limits=limits.get(source.name),
            correlation_id=correlation_id,
        )
        for source in sources
    }
    freshness = Freshness(daily_s=market.fresh_daily_s, intraday_s=market.fresh_intraday_s)
    series = SeriesFetcher(vendors, store, freshness=freshness, equities=market.equities)
    # Files are the user's own: they come before what vendors have.
    return Vendors(TieredFetcher(series, ("file", *market.source_order), read=read), transport, budget)


def configured_keys(settings: Settings) -> ApiKeys:
    """Return the keys of the file and the environment; a test has those only that it names.

    Raises
    ------
    ConfigError
        The file is malformed.
    """
    if settings.profile == "test" and settings.market.api_keys_file is None:
        return ApiKeys(Path("api_keys.yaml of no folder"), environ={})
    return ApiKeys.from_settings(settings)


def _check_name(setting: str, name: str) -> None:
    try:
        SOURCES.get(name)
    except InputError as error:
        raise ConfigError(Problem(setting, f"names an {error}")) from None
