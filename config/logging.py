"""Log lines: one form for our own and for those of grpc, Dask and SQLAlchemy, on the console and in rotating files.

Three places, as `configure_logging` lays them:

- the console (stderr; stdout belongs to data): readable in development, JSON in production;
- ``<component>.log`` in the log folder, one JSON object a line: everything but vendor calls;
- ``vendors.log``: calls to vendors, which are logged under ``riskwave.vendors`` and below.

Every line has time (UTC), level, logger, module, process, thread and what is bound to the context, above all the
correlation id. Keys and passwords in URLs are taken out and control characters escaped, whoever wrote the line.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import logging.handlers
import os
import re
import sys
import time
from typing import IO, TYPE_CHECKING, Any, Final

import structlog

from riskwave.config.errors import ConfigError, Problem
from riskwave.config.show import HIDDEN, hide_password

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from structlog.typing import EventDict, Processor, WrappedLogger

    from riskwave.config.settings import LoggingSettings, Settings

VENDOR_LOGGER: Final = "riskwave.vendors"
VENDOR_FILE: Final = "vendors.log"
#: Loggers that say too much at INFO, or say it with keys in URLs.
QUIET: Final = (
    "alembic",
    "distributed",
    "dask",
    "asyncio",
    "urllib3",
    "httpx",
    "httpcore",
    "sqlalchemy.engine",
    "grpc",
    "uvicorn.access",
)

_SECRET_NAME = re.compile(r"(?i)(password|passwd|secret|token|api_?key|authorization)")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
#: What every line has comes first, always in this order; then what it says, in the order of its caller.
_FIRST: Final = ("timestamp", "level", "logger", "component", "process", "thread_name", "module", "event")
_MANY_LINES = frozenset({"exception", "stack"})
_CONSOLE_LENGTH_MAX = 400  # of a value; files have it whole


def configure_logging(
    settings: Settings, *, component: str = "server", stream: IO[str] | None = None
) -> tuple[Path, ...]:
    """Lay the log lines of this process as the settings say; calling it again replaces what was laid.

    Parameters
    ----------
    settings
        Their section ``logging``.
    component
        What this process is: ``server``, ``dashboard``, ``worker``. It names the file and stands in every line.
    stream
        The console; None means stderr as it is at each line.

    Returns
    -------
    tuple of Path
        The files that are written, none when logging goes to the console only.

    Raises
    ------
    ConfigError
        The log folder was named in the settings and cannot be written: somebody counts on those files. The default
        folder that cannot be written costs a warning, and the console remains.
    """
    section = settings.logging
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _stamp,
        _add_place(component),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _clean,
        _order,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    console = logging.StreamHandler(stream) if stream is not None else _StderrHandler()
    as_json = _formatter(shared, structlog.processors.JSONRenderer(default=str))
    if section.format == "json":
        console.setFormatter(as_json)
    else:
        colours = (stream or sys.stderr).isatty()
        renderer = structlog.dev.ConsoleRenderer(
            colors=colours, exception_formatter=structlog.dev.plain_traceback, sort_keys=False
        )
        console.setFormatter(_formatter(shared, _shorten, renderer))
    files, complaint = _files(section, component)
    for handler in files:
        handler.setFormatter(as_json)
    _lay(console, files, section.level)
    if complaint:
        structlog.stdlib.get_logger("riskwave.config").warning("log files are not written", reason=complaint)
    return tuple(handler.path for handler in files)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module: ``log = get_logger(__name__)``; values go in as keyword arguments."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def vendor_logger(vendor: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a vendor or of what they share; its lines go to ``vendors.log`` and the console."""
    return get_logger(f"{VENDOR_LOGGER}.{vendor}")


@contextlib.contextmanager
def log_context(**values: object) -> Iterator[None]:
    """Put values, such as ``correlation_id``, into every line that this task or thread logs meanwhile.

    ``asyncio.to_thread`` takes them along; ``loop.run_in_executor`` does not, unless the function runs in
    ``contextvars.copy_context()``.
    """
    with structlog.contextvars.bound_contextvars(**values):
        yield


# ---- processors --------------------------------------------------------------------------------------------------


def _formatter(shared: list[Processor], *last: Processor) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last], foreign_pre_chain=shared
    )


def _stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the time of the call: a library's line passes here once for each handler, and has one time."""
    record = event.get("_record")
    created = record.created if isinstance(record, logging.LogRecord) else time.time()
    event["timestamp"] = dt.datetime.fromtimestamp(created, dt.UTC).isoformat(timespec="microseconds")[:-6] + "Z"
    return event


def _add_place(component: str) -> Processor:
    """Add module, process and thread of the call, whoever logs."""
    callsite = structlog.processors.CallsiteParameterAdder(
        {
            structlog.processors.CallsiteParameter.MODULE,
            structlog.processors.CallsiteParameter.PROCESS,
            structlog.processors.CallsiteParameter.THREAD_NAME,
        },
        additional_ignores=[__name__],
    )

    def add(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["component"] = component
        place = callsite(logger, method, event)
        assert isinstance(place, dict)
        return place

    return add


def _clean(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take secrets and control characters out of what callers may have put in."""
    event.pop("color_message", None)  # uvicorn's event once more, with a terminal's colours in it
    for key, value in event.items():
        if not isinstance(value, str):
            continue
        if _SECRET_NAME.search(key):
            event[key] = HIDDEN
        else:
            hidden = hide_password(value)
            event[key] = hidden if key in _MANY_LINES else _CONTROL.sub(_escaped, hidden)
    return event


def _order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put what every line has before what only this one says."""
    return {name: event[name] for name in _FIRST if name in event} | dict(event)


def _shorten(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Cut what is too long to be read on a console."""
    for key, value in event.items():
        if isinstance(value, str) and len(value) > _CONSOLE_LENGTH_MAX and key not in _MANY_LINES:
            event[key] = value[: _CONSOLE_LENGTH_MAX - 3] + "..."
    return event


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


# ---- handlers ----------------------------------------------------------------------------------------------------


class _StderrHandler(logging.StreamHandler[Any]):
    """Writes to stderr as it is now, so that a captured or replaced stderr is honoured."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> IO[str]:
        return sys.stderr

    @stream.setter
    def stream(self, _value: IO[str]) -> None:
        """StreamHandler sets it; there is nothing to keep."""


class _RotatingFile(logging.handlers.RotatingFileHandler):
    """A rotating file that one process owns: a second process of the same component writes beside it, not into it."""

    def __init__(self, directory: Path, name: str, section: LoggingSettings) -> None:
        self.path, self._lock_file = _claimed(directory, name)
        # Beside a server a dashboard takes the next name for vendors' lines, and has none to write.
        size, count, delay = section.file_bytes, section.file_count, name == VENDOR_FILE
        super().__init__(self.path, maxBytes=size, backupCount=count, encoding="utf-8", delay=delay)

    def close(self) -> None:
        super().close()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def _claimed(directory: Path, name: str) -> tuple[Path, IO[str] | None]:
    """Return the path to write and the lock that keeps others off, which a dead process cannot leave behind."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows: each process has its own file
        return directory / name.replace(".log", f"-{os.getpid()}.log"), None
    lock = (directory / f".{name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return directory / name.replace(".log", f"-{os.getpid()}.log"), None
    return directory / name, lock


def _files(section: LoggingSettings, component: str) -> tuple[list[_RotatingFile], str]:
    """Open the core and the vendor file; a reason instead when the default folder cannot be written."""
    if section.directory is None:
        return [], ""
    _release()  # what this process laid before holds the locks
    try:
        section.directory.mkdir(parents=True, exist_ok=True)
        return [_RotatingFile(section.directory, name, section) for name in (f"{component}.log", VENDOR_FILE)], ""
    except OSError as error:
        reason = f"{section.directory} cannot be written: {error.strerror or error}"
        if "directory" in section.model_fields_set:
            message = (
                f"was {section.directory}, which cannot be written: {error.strerror or error}; name another or none"
            )
            raise ConfigError(Problem("logging.directory", message)) from error
        return [], reason


def _lay(console: logging.Handler, files: list[_RotatingFile], level: str) -> None:
    _release()
    root = logging.getLogger()
    root.setLevel(level)
    laid: list[tuple[logging.Logger, logging.Handler]] = [(root, console)]
    if files:
        core, vendors = files
        core.addFilter(lambda record: not (record.name + ".").startswith(VENDOR_LOGGER + "."))
        laid += [(root, core), (logging.getLogger(VENDOR_LOGGER), vendors)]
    for logger, handler in laid:
        logger.addHandler(handler)
    _LAID[:] = laid
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)


_LAID: list[tuple[logging.Logger, logging.Handler]] = []


def _release() -> None:
    """Take away what an earlier call laid in this process, and nothing else."""
    for logger, handler in _LAID:
        logger.removeHandler(handler)
        handler.close()
    _LAID.clear()
