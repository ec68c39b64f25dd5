"""Where compiled kernels are kept between starts. Imported before Numba, which reads its environment once."""

from __future__ import annotations

import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

import platformdirs

VARIABLE = "NUMBA_CACHE_DIR"


def prepare_kernel_cache(parent: Path | None = None) -> Path:
    """Point Numba at a folder of its own for this version, and return it.

    In it each family of kernels has a folder for its sources, see `riskwave.compute.kernel_files`. Compiled code is
    unpickled when it is loaded, so the folder belongs to the user and nobody else can write to it. A folder that the
    environment names already is kept.

    Parameters
    ----------
    parent
        The folder that keeps those of all versions; the user's cache directory when None.
    """
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given)
    name = f"{version('riskwave')}-numba{version('numba')}-py{platform.python_version()}"
    folder = (parent or platformdirs.user_cache_path("riskwave", appauthor=False) / "kernels") / name
    if not _make_private(folder):
        folder = Path(tempfile.mkdtemp(prefix="riskwave-kernels-"))
    os.environ[VARIABLE] = str(folder)
    return folder


def _make_private(folder: Path) -> bool:
    """Make the folder, readable and writable by its owner only; False where that cannot be had."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
