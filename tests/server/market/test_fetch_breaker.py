from riskwave.server.market.fetch_breaker import CircuitBreaker


def opened() -> CircuitBreaker:
    breaker = CircuitBreaker(failure_count_max=3, pause_s=30.0, pause_max_s=100.0)
    for second in range(3):
        assert breaker.enter(second)
        breaker.fail(second)
    return breaker


def test_it_opens_after_failures_in_a_row_only():
    breaker = CircuitBreaker(failure_count_max=3)
    for _ in range(10):
        breaker.fail(0.0)
        breaker.fail(0.0)
        breaker.succeed()
    assert breaker.enter(0.0)
    assert not breaker.is_open


def test_one_request_tries_after_the_pause():
    breaker = opened()
    assert (breaker.enter(31.9), breaker.enter(32.0), breaker.enter(32.0)) == (False, True, False)
    breaker.succeed()
    assert breaker.enter(32.0)


def test_failing_again_doubles_the_pause_up_to_the_longest():
    breaker, now_s, pauses = opened(), 2.0, []
    for _ in range(4):
        pauses.append(breaker.closed_for_s(now_s))
        now_s += pauses[-1]
        assert breaker.enter(now_s)
        breaker.fail(now_s)
    assert pauses == [30.0, 60.0, 100.0, 100.0]


def test_a_request_that_was_given_up_lets_another_try():
    breaker = opened()
    assert breaker.enter(40.0)
    breaker.leave()
    assert breaker.enter(40.0)


def test_it_can_be_opened_at_once():
    breaker = CircuitBreaker()
    breaker.open_for(3600.0, 5.0)
    assert breaker.closed_for_s(5.0) == 3600.0
    breaker.succeed()
    assert breaker.closed_for_s(6.0) == 0.0


def test_calls_that_fail_together_are_no_longer_pause():
    breaker = CircuitBreaker(failure_count_max=3, pause_s=30.0)
    for _ in range(20):
        assert breaker.enter(0.0)
    for _ in range(20):
        breaker.fail(1.0)
    assert breaker.closed_for_s(1.0) == 30.0
    assert (breaker.enter(31.0), breaker.enter(31.0)) == (True, False)
    breaker.fail(32.0)
    assert breaker.closed_for_s(32.0) == 60.0
