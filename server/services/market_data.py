"""MarketDataService: stored prices and their import."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.digest import digest_arrays
from riskwave.compute.errors import InputError, ShapeMismatchError, TooLargeError, UnknownNameError
from riskwave.compute.result_warning import ResultWarning
from riskwave.server.call import open_ended
from riskwave.server.history import make_provenance
from riskwave.server.market import PriceSeries, Selection, SeriesRows, align
from riskwave.server.market.calendars import check_calendar
from riskwave.server.market.coverage import coverage_of
from riskwave.server.market.errors import StoreUnavailableError
from riskwave.server.market.fetch_series import FetchOutcome
from riskwave.server.market.fetch_tiers import AUTO
from riskwave.server.market.series import CATEGORIES
from riskwave.server.market.sources import SOURCES
from riskwave.server.market.sources.file import NAME as FILE_SOURCE
from riskwave.server.market.thinning import line_rows, points_min
from riskwave.server.paging import take_page
from riskwave.server.results import Provenance, fill_meta, set_timestamp_ns
from riskwave.server.services.market_sources import add_outcomes, list_all_sources, make_coverage, vendor_assets
from riskwave.server.services.watch_prices import watch_prices
from riskwave.v1 import market_data_service_pb2 as pb
from riskwave.v1 import meta_pb2
from riskwave.v1.codec import fill, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from numpy.typing import NDArray

    from riskwave.server.call import Call
    from riskwave.server.market import Asset, UpsertCount
    from riskwave.server.price_reader import Prices
    from riskwave.server.runtime import Runtime

DEFAULT_SOURCE = "user"
SAMPLE_SOURCE = "sample"
_OPTIONAL = ("open", "high", "low", "volume")
_LARGE_VALUES = 1 << 16


class MarketDataService:
    """Lists, returns and imports prices."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pool = runtime.pool
        self._market = runtime.market

    async def list_assets(self, request: pb.ListAssetsRequest, _call: Call) -> pb.ListAssetsResponse:
        """Return the stored series, grouped by category."""
        assets = await self._assets(request.source, request.category)
        page, token = _page(assets, request)
        return pb.ListAssetsResponse(assets=map(make_asset, page), next_page_token=token)

    async def list_sources(self, _request: pb.ListSourcesRequest, _call: Call) -> pb.ListSourcesResponse:
        """Return the vendors with their state and budget, and what is stored of each source."""
        try:
            stored = await self._pool.run_io(self._market.prices.sources)
        except StoreUnavailableError:
            stored = []  # the vendors' state is worth knowing then; GetServerInfo tells of the store
        return await list_all_sources(self._runtime.vendors, stored)

    async def get_prices(self, request: pb.GetPricesRequest, call: Call) -> pb.GetPricesResponse | bytes:
        """Return prices, each series with its own dates or on the common ones; asks a vendor that is named."""
        _check_get(request)
        given = request.selection
        wanted = Selection.parse(given.symbols, given.source, given.start_date, given.end_date, path="selection.")
        if request.calendar:
            await self._pool.run_io(check_calendar, request.calendar)
        prices = await self._runtime.prices.read(wanted, interval=request.interval, stored_only=request.stored_only)
        series = prices.series
        provenance = Provenance(
            tuple(
                make_provenance(one.asset, int(one.times[-1]) if len(one) else None, len(one), stale=at in prices.stale)
                for at, one in enumerate(series)
            ),
            warnings=prices.warnings,
        )
        reports = await self._pool.run_io(self._report, series, request) if request.coverage else []
        if request.alignment == pb.ALIGNMENT_INNER:
            series, provenance = _align(series, prices.warnings, prices.stale)
        if request.max_points:
            series, provenance = _thin(series, provenance, request)

        def encode() -> pb.GetPricesResponse:
            answer = _encode_series(series, provenance, call)
            answer.meta.origin = _origin(prices)
            for at in prices.stale:
                answer.series[at].stale = True
            for message, one in zip(answer.series, series, strict=True):
                newest = len(one) > 0 and int(one.times[-1]) == one.asset.last_ns
                message.last_bar_provisional = newest and self._is_from_vendor(one.source)
            for message, report in zip(answer.series, reports, strict=bool(reports)):
                message.coverage.CopyFrom(report)
            add_outcomes(answer, prices.outcomes or _stored_outcomes(series), explain=request.explain)
            return answer

        if sum(len(one) for one in series) <= _LARGE_VALUES:
            return encode()
        return await self._pool.copy(lambda: encode().SerializeToString())

    def _is_from_vendor(self, source: str) -> bool:
        """Return whether a source's newest bar may still change; imports and samples are final."""
        names = self._runtime.vendors.fetcher.names() - {AUTO}
        return any(source == name or source.startswith(f"{name}_") for name in names)

    def _report(self, series: list[PriceSeries], request: pb.GetPricesRequest) -> list[pb.Coverage]:
        """Return what is missing from each series and what was restated."""
        reports = []
        for one in series:
            found = coverage_of(one, request.calendar)
            span = (int(one.times[0]), int(one.times[-1])) if len(one) else (0, -1)
            reports.append(make_coverage(found, self._market.prices.revisions(one.asset, *span)))
        return reports

    async def _assets(self, source: str, category: str) -> list[Asset]:
        """Return stored series and those that vendors could deliver."""
        vendors, prices = self._runtime.vendors, self._market.prices
        try:
            stored = await self._pool.run_io(prices.assets, source=source, category=category)
        except UnknownNameError:
            if source not in vendors.fetcher.names() - {AUTO} or category not in {"", *CATEGORIES}:
                raise
            stored = []
        found = [*stored, *vendor_assets(vendors, stored, source=source, category=category)]
        return sorted(found, key=lambda one: (CATEGORIES.index(one.category), one.symbol, one.source))

    async def import_prices(
        self, requests: AsyncIterator[pb.ImportPricesRequest], call: Call
    ) -> pb.ImportPricesResponse:
        """Store the whole stream as one import, entirely or not at all."""
        source, validate_only, row_count = "", False, 0
        rows: list[SeriesRows] = []
        limit = self._runtime.settings.limits.import_rows
        first = True
        async for request in requests:
            if first:
                source, validate_only, first = request.source or DEFAULT_SOURCE, request.validate_only, False
                _check_source(source)
            for message in request.series:
                row_count += len(message.times)
                if row_count > limit:
                    raise TooLargeError("series", f"more than {limit} rows", f"at most {limit} rows in one import")
                rows.append(_decode_rows(message, len(rows)))
        if not rows:
            raise InputError("series", "empty", "at least one series")
        counts = await self._pool.run_io(self._market.prices.upsert, source, rows, validate_only=validate_only)
        self._runtime.feed.nudge()
        answer = pb.ImportPricesResponse()
        for count in counts:
            answer.counts.add(
                symbol=count.symbol, inserted=count.inserted, changed=count.changed, unchanged=count.unchanged
            )
        fill_meta(answer.meta, call, "market.import", warnings=_rounding(counts), worker_count=0)
        return answer

    @open_ended
    def watch_prices(
        self, request: pb.WatchPricesRequest, _call: Call
    ) -> AsyncIterator[pb.WatchPricesResponse | bytes]:
        """Send prices as they change."""
        return watch_prices(self._runtime, request)


def make_asset(asset: Asset) -> pb.Asset:
    """Return a stored series' description as the contract's message."""
    message = pb.Asset(
        symbol=asset.symbol,
        name=asset.name,
        category=asset.category,
        unit=asset.unit,
        currency=asset.currency,
        source=asset.source,
        frequency=asset.frequency,
        row_count=asset.row_count,
        acknowledgement=asset.acknowledgement,
    )
    if asset.first_ns is not None:
        set_timestamp_ns(message.first_time, asset.first_ns)
    if asset.last_ns is not None:
        set_timestamp_ns(message.last_time, asset.last_ns)
    return message


def _origin(prices: Prices) -> meta_pb2.ResultOrigin.ValueType:
    """Return the farthest place from which one of the series came."""
    if any(outcome.answered and outcome.status == "ok" for outcome in prices.outcomes):
        return meta_pb2.RESULT_ORIGIN_SOURCE
    if prices.from_memory + prices.from_redis < len(prices.series):
        return meta_pb2.RESULT_ORIGIN_STORE
    return meta_pb2.RESULT_ORIGIN_REDIS_CACHE if prices.from_redis else meta_pb2.RESULT_ORIGIN_MEMORY_CACHE


def _page(assets: list[Asset], request: pb.ListAssetsRequest) -> tuple[list[Asset], str]:
    """Return a page. The keys ascend as the list does: a space comes before whatever a symbol may have."""
    keys = [f"{CATEGORIES.index(asset.category)} {asset.symbol} {asset.source}" for asset in assets]
    page, token = take_page(
        assets, keys, page_size=request.page_size, page_token=request.page_token, default=500, maximum=5000
    )
    return list(page), token


def _stored_outcomes(series: list[PriceSeries]) -> list[FetchOutcome]:
    """Return what came of asking nobody, because the request names no vendor or wants what is stored."""
    detail = "stored prices; nobody was asked, because the request names no vendor"
    return [FetchOutcome(one.source, one.symbol, "ok", detail, row_count=len(one)) for one in series]


def _check_get(request: pb.GetPricesRequest) -> None:
    """Check what says how the answer is to be."""
    if request.alignment not in {pb.ALIGNMENT_UNSPECIFIED, pb.ALIGNMENT_NONE, pb.ALIGNMENT_INNER}:
        raise InputError("alignment", str(request.alignment), "a value of Alignment")
    if request.calendar and not request.coverage:
        raise InputError("calendar", request.calendar, "empty unless coverage is asked for")
    least = points_min(len(request.selection.symbols) if request.alignment == pb.ALIGNMENT_INNER else 1)
    if request.max_points and request.max_points < least:
        raise InputError("max_points", request.max_points, f"0 for all points, or at least {least}")


def _align(
    series: list[PriceSeries], warnings: tuple[ResultWarning, ...], stale: frozenset[int]
) -> tuple[list[PriceSeries], Provenance]:
    """Return the series on their common dates, every column of them."""
    aligned = align(series, field="selection.symbols")
    last_ns = int(aligned.times[-1]) if len(aligned.times) else None
    found = [_rows_of(one, np.searchsorted(one.times, aligned.times)) for one in series]
    prices = tuple(
        make_provenance(one.asset, last_ns, len(aligned.times), stale=at in stale) for at, one in enumerate(series)
    )
    return found, Provenance(prices, aligned.dates_dropped, (*warnings, *aligned.warnings))


def _thin(
    series: list[PriceSeries], provenance: Provenance, request: pb.GetPricesRequest
) -> tuple[list[PriceSeries], Provenance]:
    """Return at most as many points of each series as the request wants, and say of which that is less than all."""
    together = [one.close for one in series]
    common = line_rows(together, request.max_points) if request.alignment == pb.ALIGNMENT_INNER else None
    found, warnings = [], []
    for one in series:
        rows = line_rows([one.close], request.max_points) if common is None else common
        found.append(_rows_of(one, rows))
        if len(rows) < len(one):
            message = f"{one.symbol}: {len(rows)} of {len(one)} points, chosen so that the line looks the same"
            warnings.append(ResultWarning("POINTS_THINNED", message, "max_points"))
    return found, replace(provenance, warnings=(*provenance.warnings, *warnings))


def _rows_of(series: PriceSeries, rows: NDArray[np.intp]) -> PriceSeries:
    columns = {name: getattr(series, name) for name in _OPTIONAL}
    cut = {name: None if values is None else values[rows] for name, values in columns.items()}
    return PriceSeries(series.asset, series.times[rows], series.close[rows], **cut)


def _encode_series(series: list[PriceSeries], provenance: Provenance, call: Call) -> pb.GetPricesResponse:
    answer = pb.GetPricesResponse()
    numbers: dict[str, NDArray[np.float64]] = {}
    for one in series:
        message = answer.series.add(symbol=one.symbol, source=one.source)
        message.asset.CopyFrom(make_asset(one.asset))
        fill(message, "times", one.times)
        for name in ("close", *_OPTIONAL):
            values = getattr(one, name)
            if values is not None:
                fill(message, name, values)
                numbers[f"{one.symbol}.{name}"] = values
    fill_meta(answer.meta, call, "market.prices", digest=digest_arrays(numbers), provenance=provenance, worker_count=0)
    return answer


def _check_source(source: str) -> None:
    reserved = (*(one.name for one in SOURCES), FILE_SOURCE, AUTO, SAMPLE_SOURCE)
    if source in reserved or any(source.startswith(f"{one.name}_") for one in SOURCES):
        raise InputError("source", source, f"a name of your own, other than {', '.join(reserved)}")


def _decode_rows(message: pb.ImportSeries, position: int) -> SeriesRows:
    """Return one series of an import; its columns are as long as its times or empty."""
    times = read(message, "times")
    columns = {name: read(message, name) for name in ("close", *_OPTIONAL)}
    for name, values in columns.items():
        if len(values) != len(times) and (name == "close" or len(values)):
            field = f"series[{position}].{name}"
            raise ShapeMismatchError(field, f"{len(values)} values", f"one value a time, {len(times)}")
    opens, highs, lows, volumes = (columns[name] if len(columns[name]) else None for name in _OPTIONAL)
    return SeriesRows(
        message.symbol,
        times,
        columns["close"],
        open=opens,
        high=highs,
        low=lows,
        volume=volumes,
        name=message.name,
        category=message.category,
        unit=message.unit,
        currency=message.currency,
        frequency=message.frequency,
    )


def _rounding(counts: list[UpsertCount]) -> list[ResultWarning]:
    rounded = sum(count.rounded for count in counts)
    if not rounded:
        return []
    return [ResultWarning("VALUES_ROUNDED", f"{rounded} values had more than 6 decimals and were rounded", "series")]
