"""Refuses what too few stored prices are left for, with what there is of each symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.errors import InputError, SeriesTooShortError
from riskwave.server.market.dates import DAY_NS, iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from riskwave.server.market.alignment import AlignedPrices
    from riskwave.server.market.series import PriceSeries, Selection

_SHOWN = 8


def check_enough(
    series: Sequence[PriceSeries], aligned: AlignedPrices, wanted: Selection, *, least: int, symbols_field: str
) -> None:
    """Refuse fewer than `least` common dates.

    Raises
    ------
    SeriesTooShortError
        Naming the date of the request before or after which a symbol has no prices, or the symbols, with the dates
        that each one has.
    """
    if len(aligned.times) >= least:
        return
    for one in series:
        if len(one) == 0:
            raise _outside(one, wanted)
    counts = [f"{one.symbol} ({one.asset.frequency}) has {len(one)}" for one in series[:_SHOWN]]
    if len(series) > _SHOWN:
        counts.append(f"{len(series) - _SHOWN} more")
    common = len(aligned.times)
    value = f"with {common or 'no'} common date{'' if common == 1 else 's'} in the range ({', '.join(counts)})"
    allowed = f"with at least {least}: a longer range may do, or series of one frequency"
    raise SeriesTooShortError(symbols_field, value, allowed)


def _outside(one: PriceSeries, wanted: Selection) -> InputError:
    """Return the error of a range in which a symbol has nothing."""
    first_ns, last_ns = one.asset.first_ns, one.asset.last_ns
    who = f"of {one.symbol} from {one.asset.source}"
    if first_ns is None or last_ns is None:
        return SeriesTooShortError(f"{wanted.path}symbols", one.symbol, "a symbol with stored prices")
    if wanted.start_ns > last_ns:
        allowed = f"on or before {iso(last_ns)}, the last date {who}"
        return SeriesTooShortError(f"{wanted.path}start_date", iso(wanted.start_ns), allowed)
    last_day_ns = wanted.end_ns // DAY_NS * DAY_NS
    if wanted.end_ns < first_ns:
        allowed = f"on or after {iso(first_ns)}, the first date {who}"
        return SeriesTooShortError(f"{wanted.path}end_date", iso(last_day_ns), allowed)
    value = f"{iso(wanted.start_ns)}, and the last date {iso(last_day_ns)}"
    return SeriesTooShortError(f"{wanted.path}start_date", value, f"such that there are prices {who} between them")
