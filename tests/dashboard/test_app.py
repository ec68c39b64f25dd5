import inspect

import pytest
from fastapi import FastAPI

from riskwave.config import Settings
from riskwave.dashboard.app import create_app
from riskwave.dashboard.pages import Page, add_page, all_pages


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/", 200),
        ("/markets", 200),
        ("/sources", 200),
        ("/portfolio", 200),
        ("/simulation", 200),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/_dash-layout", 200),
        ("/_dash-dependencies", 200),
        ("/assets/riskwave.css", 200),
        ("/assets/nothing.css", 404),
        ("/health", 404),
        ("/docs", 404),
        ("/openapi.json", 404),
    ],
)
async def test_what_exists_is_found_and_what_does_not_is_not(app: FastAPI, ask, path: str, code: int) -> None:
    assert (await ask(app, path)).code == code


async def test_an_unknown_page_is_the_dashboard_s_own(app: FastAPI, ask, call_back) -> None:
    assert b"riskwave" in (await ask(app, "/nothing")).body
    shown = await call_back(app, "page.children", {"url.pathname": "/nothing", "url.search": ""})
    text = str(shown)
    assert "No such page" in text
    assert "/portfolio" in text


async def test_nothing_is_opened_before_the_application_starts(make_fake, running) -> None:
    made = []

    def connect():
        made.append(make_fake())
        return made[-1]

    app = create_app(Settings(profile="test"), connect=connect)
    assert made == []
    async with running(app):
        assert [client.opened for client in made] == [1]
    assert [client.opened for client in made] == [0]


async def test_readiness_is_the_server_s(app: FastAPI, fake, ask) -> None:
    fake.server.reachable = False
    answer = await ask(app, "/readyz")
    assert answer.code == 503
    assert answer.json()["reason"] == "no server answers on localhost:1"
    assert (await ask(app, "/healthz")).code == 200


async def test_every_callback_is_a_coroutine(app: FastAPI) -> None:
    """One that is not would run on the event loop and stop every reader's page."""
    table = app.state.dash.callback_map
    ours = {name: inspect.unwrap(entry["callback"]) for name, entry in table.items() if "callback" in entry}
    assert len(ours) > 10
    assert [name for name, function in ours.items() if not inspect.iscoroutinefunction(function)] == []


async def test_the_page_needs_no_other_host(app: FastAPI, ask) -> None:
    answer = await ask(app, "/")
    page = answer.body.decode()
    scripts = [line for line in page.splitlines() if "<script src=" in line or "<link" in line]
    assert scripts
    assert [line for line in scripts if "//" in line] == []
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


async def test_scripts_are_compressed(app: FastAPI, ask) -> None:
    answer = await ask(app, "/assets/riskwave.js", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


async def test_production_speaks_https_only(make_fake, ask, running) -> None:
    async with running(create_app(Settings(profile="production"), connect=make_fake)) as app:
        assert (await ask(app, "/markets")).code == 308
        assert (await ask(app, "/healthz")).code == 200


def test_two_pages_cannot_have_one_path() -> None:
    first = all_pages()[0]
    with pytest.raises(ValueError, match="path '/markets' is taken by the page 'Markets'"):
        add_page(Page("/markets", "Other", "", 9, first.layout, first.register))


def test_pages_stand_in_their_order() -> None:
    assert [page.path for page in all_pages()] == ["/markets", "/portfolio", "/simulation", "/sources"]
