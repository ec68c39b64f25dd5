"""Canonical symbols: one name a commodity in every source."""

from __future__ import annotations

from typing import Final

from riskwave.server.market.sources._model import Asset

CATEGORIES: Final = {
    "WTI": "energy",
    "BRENT": "energy",
    "NATURAL_GAS": "energy",
    "HEATING_OIL": "energy",
    "GASOLINE": "energy",
    "GOLD": "precious_metals",
    "SILVER": "precious_metals",
    "PLATINUM": "precious_metals",
    "PALLADIUM": "precious_metals",
    "COPPER": "industrial_metals",
    "ALUMINUM": "industrial_metals",
    "WHEAT": "agricultural",
    "CORN": "agricultural",
    "SOYBEANS": "agricultural",
    "SOYBEAN_OIL": "agricultural",
    "SOYBEAN_MEAL": "agricultural",
    "OATS": "agricultural",
    "RICE": "agricultural",
    "COTTON": "agricultural",
    "COFFEE": "agricultural",
    "SUGAR": "agricultural",
    "COCOA": "agricultural",
    "ORANGE_JUICE": "agricultural",
    "LUMBER": "agricultural",
    "LEAN_HOGS": "livestock",
    "LIVE_CATTLE": "livestock",
    "FEEDER_CATTLE": "livestock",
}
"""Every commodity that some source has, with its category."""

BARREL = "US dollars per barrel"
MMBTU = "US dollars per million BTU"
GALLON = "US dollars per gallon"
OUNCE = "US dollars per troy ounce"
POUND = "US dollars per pound"
TONNE = "US dollars per metric ton"
BUSHEL = "US dollars per bushel"


def commodity(
    symbol: str,
    vendor_symbol: str,
    title: str,
    unit: str,
    frequencies: tuple[str, ...],
    *,
    vendor_unit: str = "",
    cents: bool = False,
    aliases: tuple[str, ...] = (),
) -> Asset:
    """Return a vendor's series of a commodity in US dollars; see `Asset` for the parameters."""
    return Asset(
        symbol,
        vendor_symbol,
        title,
        CATEGORIES[symbol],
        unit,
        frequencies,
        vendor_unit=vendor_unit,
        cents=cents,
        aliases=aliases,
    )
