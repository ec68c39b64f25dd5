import stat
from pathlib import Path

import pytest

from riskwave.server import kernel_cache


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(kernel_cache.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # What the function sets is to be taken back after the test.
    monkeypatch.setattr(kernel_cache.os, "environ", dict(kernel_cache.os.environ))
    return tmp_path


def test_it_is_private_and_of_this_version(home: Path) -> None:
    folder = kernel_cache.prepare_kernel_cache()
    assert home in folder.parents
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "numba" in folder.name
    assert kernel_cache.os.environ[kernel_cache.VARIABLE] == str(folder)


def test_every_start_of_a_version_has_the_same(home: Path) -> None:
    before = kernel_cache.prepare_kernel_cache()
    assert home in before.parents
    del kernel_cache.os.environ[kernel_cache.VARIABLE]
    assert kernel_cache.prepare_kernel_cache() == before


def test_a_folder_that_was_chosen_is_kept(home: Path) -> None:
    kernel_cache.os.environ[kernel_cache.VARIABLE] = str(home / "mine")
    assert kernel_cache.prepare_kernel_cache() == home / "mine"


def test_without_a_place_to_write_it_starts_all_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_cache, "_make_private", lambda _folder: False)
    folder = kernel_cache.prepare_kernel_cache()
    assert folder.is_dir()
    assert home not in folder.parents
    folder.rmdir()
