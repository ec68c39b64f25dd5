import pytest

import riskwave as rw
from riskwave.dashboard.components.forms import parameter_input, parameter_value


def spec(kind: str, default: float | str | None, *choices: str) -> rw.ParameterSpec:
    low, high = (2, 100) if kind in {"int", "float"} else (None, None)
    return rw.ParameterSpec("name", kind, default, low, high, choices, "bars" if kind == "int" else "", "What it does")


@pytest.mark.parametrize(
    ("made", "kind", "value"),
    [
        (spec("int", 14), "NumberInput", 14),
        (spec("float", 2.5), "NumberInput", 2.5),
        (spec("bool", True), "Select", "true"),
        (spec("string", "sma", "sma", "ema"), "Select", "sma"),
        (spec("string", "x"), "TextInput", "x"),
    ],
)
def test_each_kind_has_its_input(made: rw.ParameterSpec, kind: str, value: object) -> None:
    found = parameter_input(made, "id").to_plotly_json()
    assert found["type"] == kind
    assert found["props"]["value"] == value
    assert found["props"]["attributes"]["input"]["title"].startswith("What it does (")


def test_numbers_have_their_range_and_unit_and_are_not_clamped() -> None:
    props = parameter_input(spec("int", 14), "id", 500).to_plotly_json()["props"]
    assert (props["min"], props["max"], props["suffix"], props["value"]) == (2, 100, " bars", 500)
    assert props["clampBehavior"] == "none"
    assert props["attributes"]["input"]["title"] == "What it does (2 to 100 bars; default 14)"
    assert props["allowDecimal"] is False


@pytest.mark.parametrize(
    ("low", "high", "default", "hint"),
    [
        (0.5, None, 2.5, "What it does (at least 0.5; default 2.5)"),
        (None, 1e6, 2.5, "What it does (at most 1,000,000; default 2.5)"),
        (None, None, 2.5, "What it does (default 2.5)"),
        (None, None, None, "What it does"),
    ],
)
def test_a_hint_has_the_limits_that_there_are(
    low: float | None, high: float | None, default: float | None, hint: str
) -> None:
    made = rw.ParameterSpec("name", "float", default, low, high, (), "", "What it does")
    assert parameter_input(made, "id").to_plotly_json()["props"]["attributes"]["input"]["title"] == hint


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("int", "21", 21),
        ("int", 21.5, 21.5),
        ("int", "x", None),
        ("int", "", None),
        ("int", None, None),
        ("float", "0.5", 0.5),
        ("bool", "True", True),
        ("bool", "maybe", None),
        ("string", 5, "5"),
    ],
)
def test_values_come_from_forms_and_addresses(kind: str, given: object, value: object) -> None:
    assert parameter_value(spec(kind, None), given) == value
