"""``riskwave prices gaps``: what is missing from stored prices, told from holidays, and what was restated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskwave.cli._options import Common, Output, common, split, takes
from riskwave.cli._output import write_csv, write_grid, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from riskwave import Client, PriceSeries
    from riskwave._results import Grid

_POINTS_MIN = 4
_COLUMNS = ("symbol", "source", "kind", "start", "end", "missing", "old_close", "new_close", "found")


@takes(common=common)
def gaps(
    common: Common,
    symbols: Annotated[
        str, typer.Argument(metavar="[SYMBOL,...]", help="Symbols, such as WTI,BRENT.", show_default="all stored")
    ] = "",
    source: Annotated[str | None, typer.Option(help="Only this source.", show_default="preferred one of each")] = None,
    start: Annotated[str | None, typer.Option(help="First date, such as 2010-01-31.")] = None,
    end: Annotated[str | None, typer.Option(help="Last date.")] = None,
    calendar: Annotated[
        str | None, typer.Option(help="Exchange calendar, such as XNYS, XLON or 24/5.", show_default="by asset")
    ] = None,
    longest: Annotated[int, typer.Option(min=0, help="Gaps that the table lists for each series.")] = 5,
) -> None:
    """Tell which bars are missing from stored prices, and which were restated.

    A bar is due on each day on which the exchange is open, or in each week, month, quarter or year; a holiday is no
    gap. JSON and CSV have every gap; the table lists the longest ones.
    """
    with common.connect() as client:
        names = split(symbols) or _stored(client, source)
        # The report is of all bars; of the bars themselves only the outline crosses the wire.
        found = client.prices.get(
            names,
            source=source,
            start=start,
            end=end,
            stored_only=True,
            coverage=True,
            calendar=calendar,
            max_points=_POINTS_MIN,
        )
    if common.output is Output.json:
        write_json([_document(one) for one in found], kind="gaps")
    elif common.output is Output.csv:
        write_csv((row for one in found for row in _rows(one)), columns=_COLUMNS)
    else:
        write_grid(_summary(list(found)))
        for one in found:
            grid = _longest(one, longest)
            if grid.rows:
                typer.echo()
                write_grid(grid)


def _stored(client: Client, source: str | None) -> list[str]:
    """Return the symbols of which something is stored."""
    found = dict.fromkeys(one.symbol for one in client.prices.assets(source=source) if one.row_count)
    if not found:
        raise typer.BadParameter("nothing is stored", param_hint="SYMBOL")
    return list(found)


def _document(one: PriceSeries) -> dict[str, Any]:
    report = one.coverage
    return {
        "symbol": one.symbol,
        "source": one.source,
        "first": str(one.times[0])[:10] if len(one) else None,
        "last": str(one.times[-1])[:10] if len(one) else None,
        **(report.to_dict() if report else {}),
    }


def _rows(one: PriceSeries) -> Iterator[Mapping[str, Any]]:
    """Return a row a gap and a row a restated price."""
    assert one.coverage is not None
    empty: dict[str, Any] = dict.fromkeys(_COLUMNS)
    about = {**empty, "symbol": one.symbol, "source": one.source}
    for gap in one.coverage.gaps:
        yield {**about, "kind": "gap", "start": gap.start, "end": gap.end, "missing": gap.missing_count}
    for revision in one.coverage.revisions:
        day = str(revision.time)[:10]
        prices = {"old_close": revision.old_close, "new_close": revision.new_close, "found": revision.found_time}
        yield {**about, "kind": "restated", "start": day, "end": day, **prices}


def _summary(found: Sequence[PriceSeries]) -> Grid:
    from riskwave._results import Grid

    rows = []
    for one in found:
        report = one.coverage
        assert report is not None
        counts = (report.due_count, report.missing_count, report.gap_count, report.holiday_count)
        rows.append(
            (
                one.symbol,
                one.source,
                report.calendar or "none fits",
                str(one.times[0])[:10] if len(one) else "",
                str(one.times[-1])[:10] if len(one) else "",
                *(f"{count:,}" for count in (*counts, report.unexpected_count, len(report.revisions))),
            )
        )
    columns = (
        "symbol", "source", "calendar", "first", "last", "due", "missing", "gaps", "holidays", "unexpected", "restated",
    )  # fmt: skip
    return Grid(f"{len(rows)} series", columns, tuple(rows), frozenset(range(5, 11)), spare=(9, 3, 8))


def _longest(one: PriceSeries, count: int) -> Grid:
    """Return the longest gaps and the newest restated prices, in order of time."""
    from dataclasses import replace

    assert one.coverage is not None
    by_length = sorted(one.coverage.gaps, key=lambda gap: -gap.missing_count)[:count]
    shown = replace(
        one.coverage,
        gaps=tuple(gap for gap in one.coverage.gaps if gap in by_length),
        revisions=one.coverage.revisions[-count:] if count else (),
    )
    return replace(shown.grid(), title=f"{one.symbol}: longest gaps and newest restated prices")
