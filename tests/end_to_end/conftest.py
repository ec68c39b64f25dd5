"""Chromium, and a dashboard beside the server of the tests."""

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from dashboard_process import DashboardProcess, run_dashboard
from playwright.sync_api import Browser, Page, expect, sync_playwright

WAIT_MS = 30_000
expect.set_options(timeout=WAIT_MS)
#: Nothing but our page may leave Chromium, and root needs no sandbox of its own.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def dashboard(server_process: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    yield from run_dashboard(tmp_path_factory.mktemp("dashboard"), server_process.address)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for a module: while it is open no other event loop runs in this process."""
    program = shutil.which("chromium")
    assert program, "Chromium is missing: requirements/debian-packages installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser that never was here; complaints of the console and foreign requests fail the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(WAIT_MS)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    requested: list[str] = []
    opened.on("request", lambda request: requested.append(request.url))
    opened.on("websocket", lambda opened_socket: requested.append(opened_socket.url))
    yield opened
    context.close()
    assert complaints == []
    assert [url for url in requested if not re.match(r"(http://127\.0\.0\.1:\d+/|data:|blob:)", url)] == []
