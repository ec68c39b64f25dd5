"""Deadlines and retries, by a clock that the test moves."""

import pytest

from riskwave import DeadlineExceededError, OverloadedError, UnavailableError
from riskwave._attempts import ATTEMPTS_MAX, DELAY_MAX_S, Attempts
from riskwave._errors import Status


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make(timeout_s: float | None = 10.0, *, repeatable: bool = True, draw: float = 0.5) -> tuple[Attempts, Clock]:
    clock = Clock()
    return Attempts(timeout_s, repeatable=repeatable, clock=clock, draw=lambda: draw), clock


def test_delays_double_and_end() -> None:
    attempts, _ = make()
    delays = [attempts.delay_after(UnavailableError("gone")) for _ in range(ATTEMPTS_MAX)]
    assert delays == [pytest.approx(0.075), pytest.approx(0.15), pytest.approx(0.3), None]


@pytest.mark.parametrize(("draw", "expected"), [(0.0, 0.05), (0.999999, 0.1)])
def test_half_of_a_delay_is_random(draw: float, expected: float) -> None:
    attempts, _ = make(draw=draw)
    assert attempts.delay_after(UnavailableError("gone")) == pytest.approx(expected, rel=1e-4)


def test_what_may_not_be_repeated_is_not() -> None:
    attempts, _ = make(repeatable=False)
    assert attempts.delay_after(UnavailableError("gone")) is None


@pytest.mark.parametrize("error", [DeadlineExceededError("late"), OverloadedError("busy"), ValueError("odd")])
def test_only_unavailable_is_repeated(error: Exception) -> None:
    attempts, _ = make()
    assert attempts.delay_after(error) is None  # type: ignore[arg-type]


def test_sources_that_were_all_asked_are_not_asked_again() -> None:
    attempts, _ = make()
    refused = UnavailableError("none delivers", Status("none delivers", "UNAVAILABLE", "SOURCE_UNAVAILABLE"))
    assert attempts.delay_after(refused) is None


@pytest.mark.parametrize(("asked_s", "expected"), [(1.0, 1.0), (0.01, 0.075), (60.0, DELAY_MAX_S)])
def test_the_servers_wish_is_kept_within_reason(asked_s: float, expected: float) -> None:
    attempts, _ = make()
    stopping = UnavailableError("stopping", Status("stopping", "UNAVAILABLE", "SHUTTING_DOWN", retry_after_s=asked_s))
    assert attempts.delay_after(stopping) == pytest.approx(expected)


def test_a_delay_that_outlasts_the_deadline_is_not_waited_for() -> None:
    attempts, clock = make(1.0)
    assert attempts.remaining_s() == pytest.approx(1.0)
    clock.now += 0.96
    assert attempts.remaining_s() == pytest.approx(0.04)
    assert attempts.delay_after(UnavailableError("gone")) is None


def test_without_a_deadline_there_is_always_time() -> None:
    attempts, clock = make(None)
    clock.now += 1e6
    assert attempts.remaining_s() is None
    assert attempts.delay_after(UnavailableError("gone")) is not None
