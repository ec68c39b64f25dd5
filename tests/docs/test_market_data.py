"""The page on market data names the sources' series, limits and commands as they are."""

import itertools
from pathlib import Path

import pytest

from riskwave.server.market.series import CATEGORIES
from riskwave.server.market.sources import SOURCES

PAGE = (Path(__file__).parents[2] / "docs" / "market_data.md").read_text(encoding="utf-8")
VENDORS = ("alpha_vantage", "fmp", "commodity_price_api", "api_ninjas")


def expected_rows() -> list[str]:
    found: dict[tuple[int, str], dict[str, str]] = {}
    for name in VENDORS:
        for asset in SOURCES.get(name).assets:
            cells = found.setdefault((CATEGORIES.index(asset.category), asset.symbol), {})
            cells[name] = f"`{asset.vendor_symbol}`, {asset.frequencies[0]}"
    return [
        f"| {symbol} | {CATEGORIES[category].replace('_', ' ')} | "
        + " | ".join(cells.get(name, "\N{EN DASH}") for name in VENDORS)
        + " |"
        for (category, symbol), cells in sorted(found.items())
    ]


def test_the_table_of_series_is_that_of_the_sources() -> None:
    _, _, table = PAGE.partition(f"| symbol | category | {' | '.join(VENDORS)} |\n")
    shown = list(itertools.takewhile(lambda line: line.startswith("|"), table.splitlines()))
    assert shown[1:] == expected_rows()


@pytest.mark.parametrize("name", VENDORS)
def test_each_vendor_stands_in_its_tier(name: str) -> None:
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {SOURCES.get(name).tier} |")]
    assert f"`{name}`" in line
