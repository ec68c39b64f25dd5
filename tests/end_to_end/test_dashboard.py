"""The dashboard as a reader meets it: Chromium, a dashboard process and a server process."""

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dashboard_process import DashboardProcess, run_dashboard
from playwright.sync_api import Page, expect
from tcp_gate import Gate

import riskwave as rw

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("dashboard")]

WAIT_MS = 30_000
WEIGHTS = {"WTI": 0.5, "BRENT": 0.3, "NATURAL_GAS": 0.2}


@pytest.fixture(scope="module")
def lonely_dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    """A dashboard whose server is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    yield from run_dashboard(tmp_path_factory.mktemp("lonely"), f"127.0.0.1:{free}")


def keep_portfolio(page: Page, url: str) -> None:
    """Put the sample portfolio into the browser by its button."""
    page.goto(f"{url}/portfolio")
    page.get_by_role("button", name="Try the sample portfolio").click()
    expect(page.locator("#metric-sharpe_ratio")).to_be_visible()


def as_percent(value: float, digits: int = 2) -> str:
    return f"{100 * value:,.{digits}f}\N{NO-BREAK SPACE}%".replace("-", "\N{MINUS SIGN}")


def test_markets_shows_price_rsi_and_macd_under_one_axis(dashboard: DashboardProcess, page: Page) -> None:
    page.goto(f"{dashboard.url}/markets")
    graph = page.locator("#markets-graph")
    expect(graph.locator(".main-svg").first).to_be_visible()
    expect(graph.locator(".annotation-text")).to_have_text(["RSI 14", "MACD 12 26 9"])
    # One x axis for the price and both panes: a single subplot column.
    axes = graph.evaluate(
        "node => Object.keys(node.querySelector('.js-plotly-plot')._fullLayout).filter(k => /^[xy]axis/.test(k))"
    )
    assert sorted(axes) == ["xaxis", "yaxis", "yaxis2", "yaxis3"]
    traces = graph.evaluate("node => node.querySelector('.js-plotly-plot').data.length")
    assert traces == 5
    expect(page.locator("#markets-chart-body")).to_contain_text("Source: sample")
    assert page.locator(".modebar [data-title*='hare'], .modebar [data-title*='loud']").count() == 0


def test_the_read_out_covers_every_pane(dashboard: DashboardProcess, page: Page) -> None:
    page.goto(f"{dashboard.url}/markets")
    expect(page.locator("#markets-graph .main-svg").first).to_be_visible()
    box = page.locator("#markets-graph").bounding_box()
    assert box
    page.mouse.move(box["x"] + 500, box["y"] + 100)
    read_out = page.locator("#markets-graph .hoverlayer .legend")
    for name in ("RSI 14", "MACD macd", "MACD macdsignal"):
        expect(read_out).to_contain_text(name)


def test_a_replayed_feed_moves_the_live_price_and_survives_a_broken_connection(
    server_process: Any, page: Page, tmp_path: Path
) -> None:
    gate = Gate(server_process.address)
    for dashboard in run_dashboard(tmp_path, gate.address):
        page.goto(f"{dashboard.url}/markets?symbol=BRENT&indicators=")
        state, received = page.locator("#live-state"), page.locator("#live-count")
        expect(state).to_contain_text("Off")
        page.get_by_role("textbox", name="Speed of the replay").click()
        page.get_by_role("option", name="20 bars/s").click()
        page.locator("#live-mode").get_by_text("Replay", exact=True).click()
        expect(state).to_contain_text("Connected")
        expect(page.locator("#markets-live-body")).to_contain_text("stored bar, replayed")
        wait_for_count(page, 20)
        points = "document.querySelector('#live-graph .js-plotly-plot').data[0].x"
        assert page.evaluate(f"{points}.length") > 65, "what was stored before, and one point a batch"
        gate.close()
        expect(state).to_contain_text(re.compile(r"Reconnecting, attempt \d of 5"))
        expect(state).to_contain_text("last heard of")
        seen = int(received.inner_text())
        gate.open()
        expect(state).to_contain_text("Connected")
        wait_for_count(page, seen + 20)
        drawn = page.evaluate(points)
        assert drawn == sorted(set(drawn)), "in order and none twice, over the break"
        page.locator("#live-mode").get_by_text("Live", exact=True).click()
        expect(page.locator("#markets-live-body")).to_contain_text("newest bar")
        expect(received).to_have_text("1")
        page.get_by_role("link", name="Simulation").click()
        expect(page.get_by_role("heading", name="Simulation").first).to_be_visible()
        with rw.connect(server_process.address) as client:
            dashboard.wait_until(lambda: watching(client) == 0, 10)
    gate.close()


def wait_for_count(page: Page, least: int) -> None:
    """Wait until so many prices have come."""
    for _ in range(WAIT_MS // 100):
        if int(page.locator("#live-count").inner_text()) > least:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"fewer than {least} prices came")


def watching(client: rw.Client) -> int:
    """How many watch prices now."""
    methods = client.server.statistics().methods
    return next((one.active_count for one in methods if one.method.endswith("WatchPrices")), 0)


def test_a_link_shows_the_same_again(dashboard: DashboardProcess, page: Page) -> None:
    page.goto(f"{dashboard.url}/markets?symbol=BRENT&range=5y&indicators=RSI~21")
    titles = page.locator("#markets-graph .annotation-text")
    expect(titles).to_have_text(["RSI 21"])
    page.get_by_label("timeperiod").fill("7")
    expect(titles).to_have_text(["RSI 7"])
    page.wait_for_url(re.compile(r"symbol=BRENT&range=5y&indicators=RSI%7E7"))
    page.reload()
    expect(titles).to_have_text(["RSI 7"])
    expect(page.locator("#markets-chart-body")).to_contain_text("of 9,9")


def test_no_logarithm_across_the_negative_price(dashboard: DashboardProcess, page: Page) -> None:
    page.goto(f"{dashboard.url}/markets?symbol=WTI&range=max&indicators=&log=1")
    expect(page.get_by_role("note")).to_contain_text("\N{MINUS SIGN}36.98 on 2020-04-20")
    expect(page.locator("#markets-graph .main-svg").first).to_be_visible()


def test_the_cards_are_the_client_s_numbers(dashboard: DashboardProcess, server_process: Any, page: Page) -> None:
    keep_portfolio(page, dashboard.url)
    start_date = page.locator("#portfolio-start").input_value()
    with rw.connect(server_process.address) as client:
        report = client.risk.analyze(weights=WEIGHTS, start=start_date)
    for name in ("portfolio_return", "portfolio_volatility", "var_95", "cvar_95", "max_drawdown"):
        expect(page.locator(f"#metric-{name}")).to_have_text(as_percent(getattr(report, name)))
    expect(page.locator("#metric-sharpe_ratio")).to_have_text(f"{report.sharpe_ratio:.2f}")
    expect(page.locator("#reproduce-digest")).to_have_text(report.meta.digest)
    expect(page.locator("#portfolio-correlation-body .main-svg").first).to_be_visible()
    expect(page.locator("#portfolio-contribution-body .main-svg").first).to_be_visible()


def test_the_navigation_marks_the_page_that_is_shown(dashboard: DashboardProcess, page: Page) -> None:
    marked = page.locator(".mantine-NavLink-root[data-active]")
    for path, title in [("/", "Markets"), ("/portfolio", "Portfolio"), ("/simulation", "Simulation")]:
        page.goto(f"{dashboard.url}{path}")
        expect(marked).to_have_count(1)
        expect(marked).to_contain_text(title)


def test_assets_are_added_changed_and_removed(dashboard: DashboardProcess, page: Page) -> None:
    page.goto(f"{dashboard.url}/portfolio")
    for symbol, weight in (("WTI", "30"), ("BRENT", "90")):
        page.get_by_role("textbox", name="Add an asset").fill(symbol)
        page.get_by_role("option", name=re.compile(f"^{symbol} ")).first.click()
        page.locator("#portfolio-weight").fill(weight)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_label(f"Weight of {symbol}")).to_have_value(f"{weight} %")
    expect(page.locator("#portfolio-total")).to_contain_text("120.00")
    page.get_by_role("button", name="Normalise").click()
    expect(page.get_by_label("Weight of WTI")).to_have_value("25 %")
    page.get_by_label("Weight of WTI").fill("50")
    expect(page.locator("#portfolio-total")).to_contain_text("125.00")
    before = page.locator("#reproduce-digest").inner_text()
    page.get_by_role("button", name="Remove BRENT").click()
    expect(page.get_by_label("Weight of BRENT")).to_have_count(0)
    expect(page.locator("#reproduce-digest")).not_to_have_text(before)


def test_the_portfolio_survives_a_reload(dashboard: DashboardProcess, page: Page) -> None:
    keep_portfolio(page, dashboard.url)
    digest = page.locator("#reproduce-digest").inner_text()
    page.reload()
    expect(page.locator("#reproduce-digest")).to_have_text(digest)
    expect(page.get_by_label("Weight of NATURAL_GAS")).to_have_value("20 %")


def test_a_simulation_runs_and_is_the_client_s(dashboard: DashboardProcess, server_process: Any, page: Page) -> None:
    page.goto(f"{dashboard.url}/simulation")
    page.get_by_text("Mean and volatility", exact=True).click()
    page.get_by_label("Paths").fill("20000")
    page.keyboard.press("Tab")
    expect(page.locator("#simulation-estimate")).to_contain_text("5,040,000 path-steps")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#reproduce-digest")).to_be_visible()
    with rw.connect(server_process.address) as client:
        result = client.simulation.run(model="normal", paths=20_000, horizon=252, seed=7, mean=0.0005, volatility=0.01)
    expect(page.locator("#reproduce-digest")).to_have_text(result.meta.digest)
    expect(page.locator("#metric-probability_of_loss")).to_have_text(as_percent(result.statistics.probability_of_loss))
    labels = page.locator("#simulation-histogram-graph .annotation-text")
    shown = {"CVaR 95 %": result.statistics.cvar_5, "VaR 95 %": result.statistics.var_5}
    expect(labels).to_have_count(3)
    for name, value in shown.items():
        line = f"{name}: {as_percent(value, 1)}".replace("\N{NO-BREAK SPACE}", "")
        expect(labels.filter(has_text=re.compile(f"^{re.escape(line)}$"))).to_have_count(1)
    expect(page.locator("#simulation-fan-graph .main-svg").first).to_be_visible()
    expect(page.locator("#simulation-seed-used")).to_have_text("7")


def test_a_long_run_can_be_cancelled(dashboard: DashboardProcess, page: Page) -> None:
    page.goto(f"{dashboard.url}/simulation")
    page.get_by_text("Mean and volatility", exact=True).click()
    page.get_by_label("Paths").fill("10000000")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#simulation-status")).to_contain_text("of 10,000,000 paths")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#simulation-status")).to_contain_text("Cancelled")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_bad_input_is_a_toast_with_its_id_and_a_message(dashboard: DashboardProcess, page: Page) -> None:
    keep_portfolio(page, dashboard.url)
    page.locator("#portfolio-start").fill("yesterday")
    toast = page.locator(".mantine-Notification-root")
    expect(toast).to_contain_text("The analysis is unavailable")
    expect(toast).to_contain_text("yesterday")
    found = re.search(r"Error id: (\w{8,})", toast.inner_text())
    assert found
    expect(page.locator("#portfolio-equity-body").get_by_role("alert")).to_contain_text(found[1])
    page.get_by_role("button", name="Messages of this visit").click()
    expect(page.locator("#message-list")).to_contain_text(found[1])
    expect(toast).to_have_count(0, timeout=15_000)


def test_without_a_server_the_page_opens_and_says_so(lonely_dashboard: DashboardProcess, page: Page) -> None:
    page.goto(f"{lonely_dashboard.url}/markets")
    expect(page.locator(".mantine-Notification-root").first).to_contain_text("Error id")
    expect(page.get_by_label("Server unreachable")).to_be_visible()
    expect(page.get_by_role("heading", name="Markets")).to_be_visible()
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(f"{lonely_dashboard.url}/readyz", timeout=10)


def test_the_theme_follows_the_system_and_the_switch(dashboard: DashboardProcess, page: Page) -> None:
    scheme = "document.documentElement.dataset.mantineColorScheme"
    page.emulate_media(color_scheme="dark")
    page.goto(f"{dashboard.url}/simulation")
    expect(page.get_by_role("heading", name="Simulation").first).to_be_visible()
    assert page.evaluate(scheme) == "dark"
    page.get_by_label("Switch between light and dark").click()
    page.wait_for_function(f"{scheme} === 'light'")


def test_a_small_screen_has_every_page_and_no_sideways_scrolling(dashboard: DashboardProcess, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    keep_portfolio(page, dashboard.url)
    expect(page.locator("#portfolio-equity-graph .main-svg").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Pages").click()
    page.get_by_role("link", name="Simulation").click()
    expect(page.get_by_role("heading", name="Simulation").first).to_be_visible()


def test_the_pages_are_used_by_keyboard(dashboard: DashboardProcess, page: Page) -> None:
    page.goto(f"{dashboard.url}/portfolio")
    button = page.get_by_role("button", name="Try the sample portfolio")
    expect(button).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("node => node === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#metric-sharpe_ratio")).to_be_visible()
    unnamed = page.evaluate(
        """[...document.querySelectorAll('button, a, input')]
        .filter(node => node.offsetParent && node.tabIndex >= 0 && !node.closest('.modebar'))
        .filter(node => !(node.innerText || node.ariaLabel || node.title || node.labels?.length))
        .map(node => node.outerHTML.slice(0, 120))"""
    )
    assert unnamed == []
