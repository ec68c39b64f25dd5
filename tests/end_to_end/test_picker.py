"""The dashboard's picker has every registered oscillator, by group, and each one's form says what the registry says."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from dashboard_process import DashboardProcess
from playwright.sync_api import Page, expect

import riskwave as rw
from riskwave.dashboard.pages.markets import INDICATORS_MAX

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("dashboard")]

SYMBOL = "PICKED"
BARS = 300
#: Text of the picker from top to bottom: a group, or an oscillator in it.
LISTED = """() => [...document.querySelectorAll('#markets-indicators, [role=listbox]')]
    .filter(list => list.textContent.includes('Accelerator oscillator'))
    .flatMap(list => [...list.querySelectorAll('.mantine-MultiSelect-groupLabel, [role=option]')])
    .map(node => [node.getAttribute('role'), node.textContent])"""
FORMS = """() => [...document.querySelectorAll('#markets-form fieldset')].map(form => [
    form.querySelector('legend').textContent,
    form.querySelector('legend').title,
    [...form.querySelectorAll('input[id]')].map(input => [JSON.parse(input.id).param, input.value, input.title])])"""
#: The traces, once the chart has one of each of `names`; it is drawn anew after each pick.
DRAWN = """names => {
    const traces = document.querySelector('#markets-graph .js-plotly-plot')?.data || [];
    const found = traces.map(trace => [trace.name, Array.from(trace.y)]);
    return names.every(name => found.some(([drawn]) => drawn.split(' ')[0] === name)) && found;
}"""


@pytest.fixture(scope="module")
def client(server_process: Any) -> Iterator[rw.Client]:
    """A client of the server, which has bars with ranges and volumes for those that need them."""
    rng = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.012, BARS)))
    open_ = close * np.exp(rng.normal(0, 0.004, BARS))
    high = np.maximum(open_, close) * (1 + rng.uniform(0, 0.01, BARS))
    low = np.minimum(open_, close) * (1 - rng.uniform(0, 0.01, BARS))
    times = np.datetime64("2024-01-01", "ns") + np.arange(BARS) * np.timedelta64(1, "D")
    volume = rng.integers(100_000, 1_000_000, BARS).astype(float)
    with rw.connect(server_process.address) as connected:
        connected.prices.put(rw.NewSeries(SYMBOL, times, close, open_, high, low, volume, unit="USD"))
        yield connected


def by_group(specs: Sequence[rw.IndicatorSpec]) -> dict[str, list[rw.IndicatorSpec]]:
    groups: dict[str, list[rw.IndicatorSpec]] = {}
    for spec in specs:
        groups.setdefault(spec.group, []).append(spec)
    return groups


def label_of(spec: rw.IndicatorSpec) -> str:
    needs = [name for name in spec.inputs if name != "close"]
    notes = [f"needs {', '.join(needs)}"] * bool(needs) + ["looks ahead"] * spec.looks_ahead
    return f"{spec.name} \N{EM DASH} {spec.title}" + f" ({'; '.join(notes)})" * bool(notes)


def open_markets(page: Page, url: str, rest: str) -> None:
    page.goto(f"{url}/markets?symbol={SYMBOL}&source=user&range=max&{rest}")


def pick(page: Page, name: str) -> None:
    page.locator("#markets-indicators").fill(f"{name} \N{EM DASH}")
    page.get_by_role("option", name=re.compile(f"^{name} ")).click()
    page.keyboard.press("Escape")  # the list would stay open over what is below it
    expect(page.get_by_role("option")).to_have_count(0)


def test_every_oscillator_is_offered_under_its_group(
    dashboard: DashboardProcess, client: rw.Client, page: Page
) -> None:
    specs = client.indicators.list()
    expected = []
    for group, members in by_group(specs).items():
        expected.append([None, group.capitalize()])
        expected += [["option", label_of(spec)] for spec in members]
    open_markets(page, dashboard.url, "indicators=")
    page.locator("#markets-indicators").click()
    expect(page.get_by_role("option", name=re.compile("^WMA "))).to_have_count(1)
    assert page.evaluate(LISTED) == expected
    assert len(expected) == len(specs) + len({spec.group for spec in specs}) > 100


def test_every_form_has_the_parameters_defaults_ranges_and_units_of_the_registry(
    dashboard: DashboardProcess, client: rw.Client, page: Page
) -> None:
    specs = client.indicators.list()
    open_markets(page, dashboard.url, "indicators=")
    expect(page.locator("#markets-graph .main-svg").first).to_be_visible()
    # All at once and without an asset: forms only, no chart of a hundred panes.
    page.evaluate("window.dash_clientside.set_props('markets-symbol', {value: null})")
    expect(page.locator("#markets-chart-body")).to_contain_text("Choose an asset")
    page.evaluate(
        "names => window.dash_clientside.set_props('markets-indicators', {value: names})", [spec.name for spec in specs]
    )
    expect(page.locator("#markets-form fieldset")).to_have_count(len(specs))
    forms = {name: (title, inputs) for name, title, inputs in page.evaluate(FORMS)}
    for spec in specs:
        title, inputs = forms[spec.name]
        assert title == spec.title
        assert [name for name, _, _ in inputs] == [parameter.name for parameter in spec.parameters], spec.name
        for parameter, (name, value, hint) in zip(spec.parameters, inputs, strict=True):
            assert isinstance(parameter.default, int | float), "every parameter of today's oscillators is a number"
            where = f"{spec.name} {name}"
            assert value == f"{parameter.default:g} {parameter.unit}".strip(), where
            assert parameter.low is not None, where
            assert parameter.high is not None, where
            limits = f"({parameter.low:,.10g} to {parameter.high:,.10g} {parameter.unit}".rstrip()
            assert hint == f"{parameter.doc} {limits}; default {parameter.default:,.10g})", where


def test_one_of_each_group_is_computed_and_drawn(dashboard: DashboardProcess, client: rw.Client, page: Page) -> None:
    groups = by_group(client.indicators.list())
    chosen = [max(members, key=lambda one: (len(one.outputs), len(one.inputs))) for members in groups.values()]
    for start in range(0, len(chosen), INDICATORS_MAX):
        together = chosen[start : start + INDICATORS_MAX]
        *linked, picked = [spec.name for spec in together]
        open_markets(page, dashboard.url, f"indicators={','.join(linked)}")
        pick(page, picked)
        traces = page.wait_for_function(DRAWN, arg=[*linked, picked]).json_value()
        for spec in together:
            result = client.indicators.compute(spec.name, symbols=[SYMBOL], source="user")
            lines = [line for name, line in traces if name.split()[0] == spec.name]
            for values, line in zip(result.outputs.values(), lines, strict=True):
                shown = np.array([np.nan if value is None else value for value in line])
                np.testing.assert_allclose(shown, values.reshape(-1), rtol=5e-6, err_msg=spec.name)
                assert np.isfinite(shown).any(), spec.name


def test_what_looks_ahead_is_drawn_when_the_box_is_ticked(dashboard: DashboardProcess, page: Page) -> None:
    open_markets(page, dashboard.url, "indicators=")
    expect(page.locator("#markets-graph .main-svg").first).to_be_visible()
    pick(page, "DPOC")
    expect(page.get_by_role("note")).to_contain_text("DPOC looks ahead")
    page.get_by_label("Allow indicators that look ahead").check()
    expect(page.locator("#markets-graph .annotation-text")).to_have_text(["DPOC 20, looks ahead"])
    expect(page.get_by_role("note")).to_contain_text("no signal can be taken")
    page.wait_for_url(re.compile(r"ahead=1&indicators=DPOC%7E20"))
