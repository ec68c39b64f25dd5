"""Loads the exact laws by path: test folders are not packages."""

import importlib.util
import sys
from pathlib import Path

import pytest


def load(name: str, path: str):
    if name not in sys.modules:
        found = importlib.util.spec_from_file_location(name, Path(__file__).parent / path)
        module = importlib.util.module_from_spec(found)
        sys.modules[name] = module
        found.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def oracles():
    return load("montecarlo_oracles", "oracles.py")


@pytest.fixture(scope="session")
def pricing_oracles():
    return load("pricing_oracles", "pricing/oracles.py")


@pytest.fixture(scope="session")
def case_a(oracles):
    return oracles.NormalDays(0.0005, 0.01, 252)


@pytest.fixture(scope="session")
def case_b(oracles):
    return oracles.NormalDays(0.0, 0.01, 252)
