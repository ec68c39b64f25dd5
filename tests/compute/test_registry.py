"""Parameters check values; a registry loads its package once and knows near names."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from riskwave.compute.errors import InputError, UnknownNameError
from riskwave.compute.registry import Param, Registry, check_params

PERIOD = Param("timeperiod", 14, "Number of bars", 2, 100, "bars")
FACTOR = Param("factor", 0.5, "Share", 0.0, 1.0)
SIDE = Param("side", "call", "Kind of option", choices=("call", "put"))
NAME = Param("label", "", "Any text")
FLAG = Param("adjust", True, "Whether to adjust")


@pytest.mark.parametrize(
    ("param", "given", "expected"),
    [(PERIOD, 2, 2), (PERIOD, 100, 100), (PERIOD, 7.0, 7), (FACTOR, 1, 1.0), (SIDE, "put", "put"), (NAME, "x", "x")],
)
def test_allowed_value_is_returned_in_the_own_type(param, given, expected):
    value = param.check(given, "params.x")
    assert value == expected
    assert type(value) is type(param.default)


@pytest.mark.parametrize(
    ("param", "given"),
    [
        *((PERIOD, bad) for bad in (1, 101, 2.5, "14", None, True, float("nan"), [14])),
        *((FACTOR, bad) for bad in (-0.1, 1.1, float("nan"), float("inf"), "0.5", False)),
        *((SIDE, bad) for bad in ("straddle", "", 1)),
        *((FLAG, bad) for bad in (1, "true", None)),
        (NAME, 5),
    ],
)
def test_other_values_are_refused_with_the_range(param, given):
    with pytest.raises(InputError) as caught:
        param.check(given, "params.x")
    assert caught.value.field == "params.x"
    assert caught.value.allowed == param.allowed


def test_words_for_what_is_allowed():
    assert PERIOD.allowed == "an integer from 2 to 100"
    assert FACTOR.allowed == "a number from 0 to 1"
    assert SIDE.allowed == "one of call, put"
    assert FLAG.allowed == "true or false"
    assert [p.kind for p in (PERIOD, FACTOR, SIDE, FLAG)] == ["int", "float", "str", "bool"]


def test_parameters_are_completed_with_defaults():
    assert check_params((PERIOD, FACTOR), {"factor": 1}) == {"timeperiod": 14, "factor": 1.0}


def test_unknown_and_wrong_parameters():
    with pytest.raises(UnknownNameError, match='unknown parameter "timeperod"; did you mean timeperiod'):
        check_params((PERIOD,), {"timeperod": 3})
    with pytest.raises(InputError, match=r"params\.timeperiod was 1; it must be an integer from 2 to 100"):
        check_params((PERIOD,), {"timeperiod": 1})


@dataclass(frozen=True)
class Entry:
    name: str


def test_registry_is_alphabetical_and_unique():
    registry: Registry[Entry] = Registry("model", "riskwave.compute.risk")
    registry._loaded = True
    registry.add(Entry("b"))
    registry.add(Entry("a"))
    assert registry.names() == ("a", "b")
    assert [entry.name for entry in registry] == ["a", "b"]
    assert len(registry) == 2
    assert registry.get("a").name == "a"
    with pytest.raises(AssertionError, match="registered twice"):
        registry.add(Entry("a"))


def test_registry_answers_an_unknown_name_with_near_ones():
    registry: Registry[Entry] = Registry("model", "riskwave.compute.risk")
    registry._loaded = True
    registry.add(Entry("normal"))
    with pytest.raises(UnknownNameError, match='unknown model "norml"; did you mean normal'):
        registry.get("norml")
