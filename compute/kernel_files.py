"""Where compiled kernels lie on disk: by the sources that they were made of, and safe for several processes at once."""

from __future__ import annotations

import contextlib
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from numba import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator

try:
    import fcntl
except ImportError:  # pragma: no cover - only on systems that have no such locks
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_config: Any = config
_ROOT = "riskwave.compute"
_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r"^\s*from\s+(riskwave\.compute[\w.]*)\s+import\s+(\([^)]*\)|[^\n]*)", re.MULTILINE)


def source_files(family: str, root: Path = _FOLDER) -> tuple[Path, ...]:
    """Return the files that decide what a family's kernels are: its own, and what they import, at any remove.

    Parameters
    ----------
    family
        A package beside this module, such as ``oscillators``.
    root
        The folder that has the packages.
    """
    found: set[Path] = set()
    waiting = [root / "jit.py", *(root / family).rglob("*.py")]
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        for module, names in _IMPORT.findall(path.read_text(encoding="utf-8")):
            folder = root.joinpath(*module.split(".")[2:])
            # An imported name is a module of the package or something that the package has.
            inside = [folder / f"{name}.py" for name in re.findall(r"\w+", names)]
            waiting += [folder.with_suffix(".py"), folder / "__init__.py", *inside]
    return tuple(sorted(found))


@lru_cache
def family_name(family: str, root: Path = _FOLDER) -> str:
    """Return the name of the folder of a family's kernels: another one as soon as one of its sources is another.

    Numba looks at the file of a compiled function only and would go on using it after a change in a function that it
    calls. One family's sources leave the compiled kernels of the others alone.
    """
    digest = hashlib.sha256()
    for path in source_files(family, root):
        digest.update(path.read_bytes())
    return f"{family}-{digest.hexdigest()[:16]}"


class _Locator(UserProvidedCacheLocator):
    """Numba's folder of the user's choice, and in it that of the kernel's family."""

    def __init__(self, function: Callable[..., object], path: str) -> None:
        super().__init__(function, path)  # type: ignore[no-untyped-call]
        module = function.__module__
        if module.startswith(f"{_ROOT}."):
            folder = Path(_config.CACHE_DIR) / family_name(module.split(".")[2])
            inside: str = self.get_suitable_cache_subpath(path)  # type: ignore[no-untyped-call]
            self._cache_path = str(folder / inside)


class _Files(CompileResultCacheImpl):
    _locator_classes: ClassVar[list[type[object]]] = [  # type: ignore[misc] # Numba declares it of the instance
        _Locator,
        *CompileResultCacheImpl._locator_classes[1:],
    ]


class KernelCache(FunctionCache):
    """Numba's cache of a function, in the folder of its family, written by one process at a time.

    Two processes that compile one function for two types at once could otherwise write both under one name.
    """

    _impl_class = _Files

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature."""
        with _locked(Path(self.cache_path)):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; where there cannot be one, go on without."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            if fcntl is not None:
                file = stack.enter_context((folder / ".lock").open("ab"))
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
