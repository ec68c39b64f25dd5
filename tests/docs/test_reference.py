"""The reference pages are what the registries say today."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs"
_spec = importlib.util.spec_from_file_location("docs_reference", FOLDER / "reference.py")
assert _spec is not None
assert _spec.loader is not None
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_is_what_the_registries_say(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == reference.PAGES[name](), "run `make reference`"
