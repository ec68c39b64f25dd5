import json

from plotly.utils import PlotlyJSONEncoder

from riskwave.dashboard.components.part import error_state, graph, options_by_group, part, table_twin
from riskwave.dashboard.problems import Problem


def as_json(component: object) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder)


def test_a_long_table_is_few_components() -> None:
    """A component a cell stopped the browser for seconds."""
    rows = [[str(row), "1", "2"] for row in range(500)]
    made = as_json(table_twin(["Date", "A", "B"], rows, caption="Numbers"))
    assert made.count('"namespace"') < 8
    assert '"499"' in made


def test_a_part_has_a_heading_a_definition_and_a_store_for_problems() -> None:
    made = as_json(part("markets-chart", "Price", info="What it is."))
    assert '"aria-labelledby": "markets-chart-title"' in made
    assert '"markets-chart-body"' in made
    assert "What it is." in made
    assert (
        '{"part": "markets-chart", "type": "problem"}' in made or '{"type": "problem", "part": "markets-chart"}' in made
    )


def test_a_chart_is_told_in_words_and_offers_no_upload() -> None:
    made = as_json(graph({"data": [], "layout": {"height": 300}}, label="From 1 to 2."))
    assert '"role": "img"' in made
    assert '"aria-label": "From 1 to 2."' in made
    assert '"showSendToCloud": false' in made
    assert '"300px"' in made


def test_an_error_says_all_that_helps() -> None:
    problem = Problem(
        "p", "Prices are unavailable", "no symbol X.", "Others work.", "abc123", violations=(("a", "b"), ("c", "d"))
    )
    made = as_json(error_state(problem))
    for text in ("Prices are unavailable", "no symbol X.", "Others work.", "abc123", "a: b", "c: d", '"role": "alert"'):
        assert text in made


def test_groups_without_entries_are_left_out() -> None:
    assert options_by_group({"precious_metals": [("GOLD", "Gold")], "energy": []}) == [
        {"group": "Precious metals", "items": [{"value": "GOLD", "label": "Gold"}]}
    ]
