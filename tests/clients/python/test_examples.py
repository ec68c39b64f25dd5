"""The examples in docstrings that need no server are run; those that do are run with one in tests/end_to_end."""

import doctest
import importlib
from pathlib import Path

import pytest

import riskwave

MODULES = sorted(
    "riskwave." + ".".join(path.relative_to(Path(riskwave.__file__).parent).with_suffix("").parts)
    for folder in (".", "cli")
    for path in Path(riskwave.__file__).parent.joinpath(folder).glob("_*.py")
    if not path.stem.startswith("__")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, globs=vars(module).copy()):
        if not any("client." in example.source for example in test.examples):
            runner.run(test)
    assert runner.failures == 0
