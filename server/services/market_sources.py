"""What MarketDataService says of sources: their state, their assets, and what came of asking them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from riskwave.server.market.series import Asset
from riskwave.server.results import set_duration, set_timestamp, set_timestamp_ns
from riskwave.v1 import market_data_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from riskwave.server.market import SourceSummary
    from riskwave.server.market.coverage import Coverage
    from riskwave.server.market.fetch import Vendor
    from riskwave.server.market.fetch_series import FetchOutcome
    from riskwave.server.market.fetch_setup import Vendors
    from riskwave.server.market.revisions import Revision

_TIERS = {"primary": pb.SOURCE_TIER_PRIMARY, "secondary": pb.SOURCE_TIER_SECONDARY}
_STATES = {
    "ready": pb.SOURCE_STATE_READY,
    "no_key": pb.SOURCE_STATE_NO_KEY,
    "exhausted": pb.SOURCE_STATE_EXHAUSTED,
    "failing": pb.SOURCE_STATE_FAILING,
}
_STATUSES = {
    "ok": pb.FETCH_STATUS_OK,
    "stale": pb.FETCH_STATUS_STALE,
    "no_data": pb.FETCH_STATUS_NO_DATA,
    "refused": pb.FETCH_STATUS_REFUSED,
    "not_asked": pb.FETCH_STATUS_NOT_ASKED,
}


async def list_all_sources(vendors: Vendors, stored: Iterable[SourceSummary]) -> pb.ListSourcesResponse:
    """Return the vendors in the order in which they are asked, then the other sources of stored prices."""
    summaries = {one.name: one for one in stored}
    answer = pb.ListSourcesResponse()
    for vendor in vendors.fetcher.vendors:
        held = summaries.pop(vendor.source.name, None)
        message = await _vendor(vendor)
        if held is not None:
            _add_stored(message, held)
        answer.sources.append(message)
    for one in summaries.values():
        message = answer.sources.add(
            name=one.name,
            title=one.name.replace("_", " "),
            tier=pb.SOURCE_TIER_STORED,
            state=pb.SOURCE_STATE_READY,
            asset_count=one.asset_count,
        )
        _add_stored(message, one)
    return answer


def _add_stored(message: pb.Source, held: SourceSummary) -> None:
    """Tell what is stored of a source."""
    message.row_count, message.revision_count = held.row_count, held.revision_count
    if held.first_ns is not None and held.last_ns is not None:
        set_timestamp_ns(message.first_time, held.first_ns)
        set_timestamp_ns(message.last_time, held.last_ns)


async def _vendor(vendor: Vendor) -> pb.Source:
    state, budget = await vendor.state()
    health = vendor.health
    message = pb.Source(
        name=vendor.source.name,
        title=vendor.source.title,
        tier=_TIERS[vendor.source.tier],
        state=_STATES[state],
        asset_count=len(vendor.source.assets),
        last_error=health.last_error,
        last_error_correlation_id=health.last_error_correlation_id,
    )
    for one in budget.windows:
        window = message.budgets.add(limit=one.window.limit, remaining=one.remaining)
        set_duration(window.window, one.window.length_s)
        wait_s = max(one.reset_s, budget.blocked_s)
        if wait_s > 0:
            # What the vendor says itself counts more than our own count of its calls.
            window.remaining = 0
            set_timestamp(window.reset_time, time.time() + wait_s)
    if health.last_success_ns:
        set_timestamp_ns(message.last_success_time, health.last_success_ns)
    return message


def vendor_assets(vendors: Vendors, stored: Iterable[Asset], *, source: str, category: str) -> list[Asset]:
    """Return the assets that vendors have and that are not stored: of those with a key, or of the named one."""
    known = {(asset.symbol, asset.source) for asset in stored}
    found = []
    for vendor in vendors.fetcher.vendors:
        if vendor.source.name != source if source else not vendor.usable:
            continue
        found += [
            Asset(
                symbol=asset.symbol,
                source=vendor.source.name,
                name=asset.title,
                category=asset.category,
                unit=asset.unit,
                currency=asset.currency,
                frequency=asset.frequencies[0],
                acknowledgement="",
                first_ns=None,
                last_ns=None,
                row_count=0,
            )
            for asset in vendor.source.assets
            if (asset.symbol, vendor.source.name) not in known and category in {"", asset.category}
        ]
    return found


def make_coverage(found: Coverage, revisions: Iterable[Revision]) -> pb.Coverage:
    """Return what is missing from a series and what was restated as the contract's message."""
    message = pb.Coverage(
        calendar=found.calendar,
        due_count=found.due_count,
        missing_count=found.missing_count,
        holiday_count=found.holiday_count,
        unexpected_count=found.unexpected_count,
        gap_count=found.gap_count,
    )
    for gap in found.gaps:
        message.gaps.add(
            start_date=gap.start.isoformat(), end_date=gap.end.isoformat(), missing_count=gap.missing_count
        )
    for one in revisions:
        revision = message.revisions.add(time=one.time_ns, old_close=one.old_close, new_close=one.new_close)
        set_timestamp_ns(revision.found_time, one.found_ns)
    return message


def add_outcomes(answer: pb.GetPricesResponse, outcomes: Iterable[FetchOutcome], *, explain: bool) -> None:
    """Tell what was asked of whom: when the caller wants to know, or when something did not work."""
    told = list(outcomes)
    if not explain and all(one.status == "ok" for one in told):
        return
    for one in told:
        message = answer.outcomes.add(
            source=one.source,
            symbol=one.symbol,
            status=_STATUSES[one.status],
            detail="; ".join(text for text in (one.asked, one.detail) if text),
            row_count=one.row_count,
        )
        set_duration(message.duration, one.duration_s)
