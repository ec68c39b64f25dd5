"""Every input error says field, value and range, and survives a process boundary."""

from __future__ import annotations

import pickle

import pytest

from riskwave.compute import errors

PLAIN = [
    errors.InputError,
    errors.SeriesTooShortError,
    errors.ShapeMismatchError,
    errors.NotFiniteError,
    errors.NotPositiveSemidefiniteError,
    errors.TooLargeError,
]


@pytest.mark.parametrize("kind", PLAIN)
def test_message_has_field_value_and_range(kind):
    error = kind("params.timeperiod", 1, "an integer from 2 to 100000")
    assert str(error) == "params.timeperiod was 1; it must be an integer from 2 to 100000"
    assert (error.field, error.value, error.allowed) == ("params.timeperiod", "1", "an integer from 2 to 100000")
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("kind", PLAIN)
def test_pickled_error_is_the_same(kind):
    error = kind("params.timeperiod", "x" * 300, "something")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert copy.reason == error.reason


def test_reasons_are_distinct():
    kinds = [*PLAIN, errors.UnknownNameError]
    assert len({kind.reason for kind in kinds}) == len(kinds)


def test_long_value_is_shortened():
    error = errors.InputError("weights", "9" * 5000, "shorter")
    assert len(error.value) == errors.VALUE_LENGTH_MAX
    assert error.value.endswith("...")


def test_unknown_name_offers_near_names_whatever_their_case():
    error = errors.UnknownNameError("indicator", "macd", ["MACD", "MACDEXT", "RSI"])
    assert error.near[0] == "MACD"
    assert "did you mean MACD" in str(error)


def test_unknown_name_lists_what_is_known_when_nothing_is_near():
    assert "one of A, B" in str(errors.UnknownNameError("model", "qqqqqq", ["B", "A"]))
    assert "and 5 more" in str(errors.UnknownNameError("model", "qqqqqq", [f"name{i:02d}" for i in range(25)]))
    assert "none is known" in str(errors.UnknownNameError("model", "qqqqqq", []))


def test_pickled_unknown_name_keeps_its_near_names():
    error = errors.UnknownNameError("indicator", "RSJ", ["RSI", "MACD"])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.near == error.near == ("RSI",)
    assert str(copy) == str(error)
