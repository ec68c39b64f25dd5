"""The defaults that a profile changes, and what production refuses.

==============================  ===========  ==========  =======
setting                         development  production  test
==============================  ===========  ==========  =======
server.port, dashboard.port     as stated    as stated   free
server.reflection               yes          no          yes
server.error_detail             yes          no, ever    no
dashboard.debug                 no           no, ever    no
logging.format                  console      json        console
logging.directory               user's       user's      none
store.url                       SQLite file  SQLite file memory
store.pool_size                 5            20          5
dask.mode                       embedded     embedded    off
market.budget_file              user's       user's      none
==============================  ===========  ==========  =======
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from riskwave.config.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from riskwave.config.settings import Settings

PROFILE_DEFAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "development": {},
    "production": {
        "server.reflection": False,
        "server.error_detail": False,
        "store.pool_size": 20,
        "logging.format": "json",
    },
    "test": {
        "server.port": 0,
        "server.error_detail": False,
        "dashboard.port": 0,
        "dask.mode": "off",
        "store.url": "sqlite://",
        "logging.directory": None,
        "market.budget_file": None,
    },
}


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may mean any address


def refusals(settings: Settings) -> Iterator[Problem]:
    """Yield what is wrong with values that are right one by one but not together."""
    if settings.profile == "production":
        if settings.server.error_detail:
            yield Problem("server.error_detail", "was true; the production profile sends no tracebacks to callers")
        if settings.dashboard.debug:
            yield Problem("dashboard.debug", "was true; the production profile never debugs")
    for name, section in (("server", settings.server), ("dashboard", settings.dashboard)):
        if not is_loopback(section.host) and not section.allow_plaintext_remote:
            yield Problem(
                f"{name}.host",
                f"was {section.host}, which other machines reach without encryption or a password; it must be "
                f"127.0.0.1, ::1 or localhost, unless {name}.allow_plaintext_remote is true",
            )
    if settings.dask.mode == "address" and settings.dask.address is None:
        yield Problem("dask.address", "was not given; dask.mode address needs it, such as tcp://127.0.0.1:8786")
    if settings.server.default_deadline_s > settings.server.deadline_max_s:
        yield Problem(
            "server.default_deadline_s",
            f"was {settings.server.default_deadline_s:g}; it must be at most server.deadline_max_s, "
            f"{settings.server.deadline_max_s:g}",
        )
    yield from _market_refusals(settings)
    order = settings.market.source_order
    repeated = sorted({name for name in order if order.count(name) > 1})
    if repeated:
        yield Problem("market.source_order", f"names {', '.join(repeated)} more than once")


_LIMIT = re.compile(r"[a-z_]+=[1-9]\d{0,8}/(second|minute|hour|day|month)")


def _market_refusals(settings: Settings) -> Iterator[Problem]:
    for entry in settings.market.limits:
        if not _LIMIT.fullmatch(entry):
            allowed = "a vendor and calls a second, minute, hour, day or month, such as fmp=300/minute"
            yield Problem("market.limits", f"has {entry}; it must be {allowed}")
    for entry in settings.market.base_urls:
        vendor, _, url = entry.partition("=")
        parts = urlsplit(url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        if not (vendor and parts.hostname and secure):
            allowed = "a vendor and an address that begins with https, such as fmp=https://gateway.example"
            yield Problem("market.base_urls", f"has {entry}; it must be {allowed}: the vendor's key is sent there")
