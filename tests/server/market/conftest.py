import importlib.util
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from structlog.testing import capture_logs

from riskwave.config.settings import StoreSettings
from riskwave.server.market.database import Database
from riskwave.server.market.portfolios import PortfolioStore
from riskwave.server.market.store import PriceStore

KEY = "s3cr3tKEYs3cr3t"
"""The key that every test of this folder gives to its vendors."""

NAME = "riskwave_tests_vendor_server"


@pytest.fixture(scope="session")
def answers() -> ModuleType:
    """The ways in which a vendor can answer."""
    if NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(NAME, Path(__file__).with_name("vendor_server.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[NAME] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[NAME])
    return sys.modules[NAME]


@pytest.fixture(autouse=True)
def no_key_is_told(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever goes wrong: no test here leaves the key in a line of a log."""
    caplog.set_level(logging.DEBUG)
    with capture_logs() as lines:
        yield
    assert KEY not in str(lines)
    assert KEY not in caplog.text


@pytest.fixture
async def vendor(answers: ModuleType) -> AsyncIterator[Any]:
    """A vendor on this machine."""
    server = answers.VendorServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    """The store over each database in turn."""
    made = Database(StoreSettings(url=store_url))
    made.upgrade()
    yield made
    made.close()


@pytest.fixture
def store(database: Database) -> PriceStore:
    return PriceStore(database)


@pytest.fixture
def portfolios(database: Database) -> PortfolioStore:
    return PortfolioStore(database)
