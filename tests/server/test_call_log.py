"""Lines of calls that are formatted by hand look like those that go through structlog."""

import asyncio
import io
import json
import logging
import re
from types import SimpleNamespace
from typing import Any

import pytest

from riskwave.config import Settings
from riskwave.config import logging as config_logging
from riskwave.server.interceptors.call_log import LOGGER_NAME, CallLog, batch_call_lines

CALL: Any = SimpleNamespace(
    method="riskwave.v1.X/Y",
    queue_s=0.001,
    compute_s=0.002,
    peer="ipv4:127.0.0.1:5",
    correlation_id="abc",
    request=None,
)
ERROR: Any = SimpleNamespace(
    code=SimpleNamespace(name="NOT_FOUND"), reason="NOT_FOUND", message="none", error_type="validation", metadata={}
)


def lines_of(form: str) -> list[str]:
    """Return the lines of a call by hand, one through structlog, and one that failed."""
    stream = io.StringIO()
    settings = Settings(profile="test", logging={"format": form, "directory": None, "level": "INFO"})
    config_logging.configure_logging(settings, stream=stream)
    try:
        log = batch_call_lines(console_json=form == "json")

        async def calls() -> None:
            log.ok(CALL, 0.003)
            log.flush()
            CallLog().ok(CALL, 0.003)
            log.error(ERROR, CALL, 0.004, {"time": "now", "parameters": "{}"}, None)

        asyncio.run(calls())
    finally:
        config_logging._release()
    return stream.getvalue().splitlines()


@pytest.fixture(autouse=True)
def restored_levels():
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    formatters = [handler.formatter for handler in handlers]
    yield
    root.setLevel(level)
    for handler, formatter in zip(handlers, formatters, strict=True):
        handler.setFormatter(formatter)


def test_json_lines_have_one_order() -> None:
    by_hand, structured, failed = (json.loads(line) for line in lines_of("json"))
    assert list(by_hand) == list(structured)
    assert list(failed)[: len(by_hand)] == list(by_hand)
    assert by_hand | {"timestamp": ""} == structured | {"timestamp": ""}
    assert by_hand["logger"] == LOGGER_NAME


def test_console_lines_have_one_order() -> None:
    by_hand, structured, failed = (re.sub(r"^\S+ ", "", line) for line in lines_of("console"))
    assert by_hand == structured
    names = re.findall(r" (\w+)=", by_hand)
    assert re.findall(r" (\w+)=", failed)[: len(names)] == names
