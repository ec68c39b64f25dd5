"""The store as the server has it: opened, brought to this version, with the samples in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from riskwave.server.market.database import Database
from riskwave.server.market.portfolios import PortfolioStore
from riskwave.server.market.samples import SampleReport, load_samples
from riskwave.server.market.store import PriceStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from riskwave.config.settings import Settings


class Market:
    """Prices and portfolios over one database. Safe to use from many threads; every call may block.

    Parameters
    ----------
    settings
        Their sections ``store`` and ``market``.
    clock_ns
        The time that is written beside what is stored, in nanoseconds UTC.

    Raises
    ------
    ConfigError
        ``store.url`` cannot be used.

    Examples
    --------
    >>> from riskwave.config import load_settings
    >>> from riskwave.server.market import Selection
    >>> with Market(load_settings(flags={"profile": "test"}, environ={})) as market:
    ...     market.open()
    ...     wti = market.prices.get(Selection.parse(["WTI"], start_date="2020-04-20", end_date="2020-04-20"))[0]
    >>> wti.source, wti.close.tolist()
    ('sample', [-36.98])
    """

    def __init__(self, settings: Settings, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._load_samples = settings.store.load_samples
        self.database = Database(settings.store)
        self.prices = PriceStore(
            self.database,
            source_order=settings.market.source_order,
            batch_rows=settings.store.batch_rows,
            clock_ns=clock_ns,
        )
        self.portfolios = PortfolioStore(self.database, clock_ns=clock_ns)
        self.samples: SampleReport | None = None

    def open(self) -> None:
        """Make the tables or bring them to this version, and load the samples if they are wanted and not there.

        Raises
        ------
        StoreUnavailableError
            The database does not answer.
        StoreVersionError
            It was made by a newer version.
        """
        self.database.upgrade()
        if self._load_samples:
            self.samples = load_samples(self.prices)

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def __enter__(self) -> Self:
        """Return itself; `open` stays a call of its own, because it blocks."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        self.close()
