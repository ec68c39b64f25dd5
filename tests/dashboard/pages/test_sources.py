import datetime as dt

import riskwave as rw
from riskwave.dashboard.pages.sources import table

NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
DAY_S = 86_400.0


def make_source(name, state="ready", budgets=(), **more):
    about = {
        "tier": "primary",
        "asset_count": 12,
        "row_count": 0,
        "last_error": "",
        "last_error_correlation_id": "",
        "last_success_time": None,
    }
    return rw.Source(name=name, title=name.title(), state=state, budgets=tuple(budgets), **(about | more))


SOURCES = [
    make_source(
        "alpha",
        "exhausted",
        [
            rw.BudgetWindow(60.0, 5, 4, None),
            rw.BudgetWindow(DAY_S, 25, 0, NOW + dt.timedelta(hours=2)),
        ],
        row_count=10_226,
        first_time=dt.datetime(1986, 1, 2, tzinfo=dt.UTC),
        last_time=dt.datetime(2026, 11, 19, tzinfo=dt.UTC),
        revision_count=3,
        last_error="QUOTA_EXHAUSTED: 25 requests per day",
        last_error_correlation_id="feedbeef",
        last_success_time=NOW,
    ),
    make_source("sample", tier="stored"),
]


def texts(sources):
    return str(table(sources).to_plotly_json())


def test_what_is_left_of_each_limit_and_until_when_is_shown():
    shown = texts(SOURCES)
    assert "4 of 5 in 1 min" in shown
    assert "0 of 25 in 1 d, next at 2026-11-20 17:00 UTC" in shown
    assert "used up" in shown
    assert "no limit" in shown


def test_what_is_stored_and_the_last_error_with_its_id_are_shown():
    shown = texts(SOURCES)
    assert "10,226" in shown
    assert "1986-01-02 to 2026-11-19, 3 restated" in shown
    assert "Alpha: QUOTA_EXHAUSTED: 25 requests per day (correlation id feedbeef)" in shown
    assert texts(SOURCES[1:]).count("correlation id") == 0


async def test_the_page_asks_the_server(app, fake, call_back):
    fake.prices.sources_now = SOURCES
    answer = await call_back(app, "sources-list-body.children", {"sources-tick.n_intervals": 1})
    assert "0 of 25 in 1 d" in str(answer["response"]["sources-list-body"])


async def test_a_server_that_is_away_is_told_in_place(app, fake, call_back):
    fake.prices.sources_now = None
    answer = await call_back(app, "sources-list-body.children", {"sources-tick.n_intervals": 1})
    assert "no server answers" in str(answer["response"]["sources-list-body"])
    (problem,) = answer["sideUpdate"].values()
    assert problem["data"]["title"] == "The list of sources is unavailable"
