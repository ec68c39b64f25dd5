"""Every example in a docstring runs and prints what it says; those of the client run against a server."""

import doctest
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

import riskwave

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# Generated, or run as programs.
LEFT_OUT = ("_pb2", "_pb2_grpc", "__main__", "migrations.env")


def module_names() -> Iterator[str]:
    """Names of all modules; the parts that setuptools maps are walked from their own folders."""
    yield "riskwave"
    for part in ("", ".cli", ".v1", ".compute", ".server", ".dashboard", ".config"):
        package = importlib.import_module(f"riskwave{part}")
        prefix = f"riskwave{part}."
        walk = pkgutil.walk_packages if part else pkgutil.iter_modules
        for found in walk(package.__path__, prefix):
            if not found.name.endswith(LEFT_OUT):
                yield found.name


NAMES = sorted(set(module_names()))


@pytest.fixture(autouse=True)
def logs_on_stderr() -> Iterator[None]:
    """Log lines are no part of what an example prints."""
    before = structlog.get_config()
    structlog.reset_defaults()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    yield
    structlog.configure(**before)


def examples(name: str, *, of_client: bool) -> list[doctest.DocTest]:
    """The docstrings of a module that have examples: those that use a client, or the others."""
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name))
    return [
        test
        for test in found
        if test.examples and any("client." in example.source for example in test.examples) is of_client
    ]


def run(tests: list[doctest.DocTest], **names: Any) -> doctest.DocTestRunner:
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in tests:
        test.globs.update(names)
        runner.run(test)
    return runner


def test_all_parts_are_walked() -> None:
    assert {"riskwave.compute.registry", "riskwave.v1.codec", "riskwave.server.dispatch"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_examples(name: str) -> None:
    assert run(examples(name, of_client=False)).failures == 0


@pytest.mark.timeout(600)
def test_examples_of_the_client(server_process: Any) -> None:
    tests = [test for name in NAMES for test in examples(name, of_client=True)]
    assert len(tests) >= 5
    with riskwave.connect(server_process.address) as client:
        assert run(tests, client=client, riskwave=riskwave, rw=riskwave).failures == 0
