"""The server's listings as the pages' pickers need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.dashboard.formats import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from riskwave import Asset, IndicatorSpec, ResultMeta

Groups = dict[str, list[tuple[str, str]]]

#: The group of TA-Lib's overlap studies, which have the price's scale and are drawn over it.
OVERLAY_GROUP = "overlap"


def asset_groups(assets: Iterable[Asset], source: str | None) -> Groups:
    """Return symbols with their labels by category; of all sources, each symbol once, when `source` is ``None``."""
    groups: Groups = {}
    seen: set[str] = set()
    for asset in assets:
        if (source is None or asset.source == source) and asset.symbol not in seen:
            seen.add(asset.symbol)
            name = f" {MISSING} {asset.name}" if asset.name and asset.name != asset.symbol else ""
            frequency = f" ({asset.frequency})" if asset.frequency not in {"", "daily"} else ""
            groups.setdefault(asset.category or "other", []).append((asset.symbol, f"{asset.symbol}{name}{frequency}"))
    return groups


def indicator_groups(specs: Iterable[IndicatorSpec]) -> Groups:
    """Return indicators with their labels by group: what one needs beside closes, and whether it looks ahead."""
    groups: Groups = {}
    for spec in specs:
        others = [name for name in spec.inputs if name != "close"]
        notes = [f"needs {', '.join(others)}"] if others else []
        notes += ["looks ahead"] if spec.looks_ahead else []
        told = f" ({'; '.join(notes)})" if notes else ""
        groups.setdefault(spec.group or "other", []).append((spec.name, f"{spec.name} {MISSING} {spec.title}{told}"))
    return groups


def provenance(meta: ResultMeta) -> list[str]:
    """Return where numbers come from, in short texts: the prices' source and last date, the kernel, the seed."""
    texts = []
    sources = dict.fromkeys(used.source for used in meta.prices)
    if sources:
        texts.append(f"Source: {', '.join(sources)}")
    newest = [used.as_of_time for used in meta.prices if used.as_of_time is not None]
    if newest:
        texts.append(f"As of {min(newest):%Y-%m-%d}")
    if any(used.stale for used in meta.prices):
        texts.append("older stored prices: a source could not be asked")
    if meta.rows_dropped:
        texts.append(f"{meta.rows_dropped:,} dates left out that not every asset has")
    if meta.kernel:
        texts.append(f"{meta.kernel} {meta.kernel_version}".strip())
    if meta.seed is not None:
        texts.append(f"seed {meta.seed}")
    return texts
