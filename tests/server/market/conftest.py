import importlib.util
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

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


@pytest.fixture
async def vendor(answers: ModuleType) -> AsyncIterator[Any]:
    """A vendor on this machine."""
    server = answers.VendorServer()
    await server.start()
    yield server
    await server.stop()
