import asyncio

import pytest

from riskwave.server.market.fetch_flight import SingleFlight


class Work:
    def __init__(self, error: Exception | None = None) -> None:
        self.started = self.ended = self.cancelled = 0
        self.gate = asyncio.Event()
        self._error = error

    async def __call__(self) -> int:
        self.started += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.ended += 1
        if self._error:
            raise self._error
        return self.ended


async def test_overlapping_calls_share_one_run():
    flight, work = SingleFlight(), Work()
    callers = [asyncio.create_task(flight.run("WTI", work)) for _ in range(50)]
    await asyncio.sleep(0)
    work.gate.set()
    results = await asyncio.gather(*callers)
    assert results[0] == (1, False)
    assert set(results[1:]) == {(1, True)}
    assert await flight.run("WTI", work) == (2, False), "a later call runs again"


async def test_keys_run_side_by_side():
    flight, work = SingleFlight(), Work()
    callers = [asyncio.create_task(flight.run(name, work)) for name in ("WTI", "BRENT")]
    await asyncio.sleep(0.01)
    assert work.started == 2
    work.gate.set()
    await asyncio.gather(*callers)


async def test_all_get_the_error():
    flight, work = SingleFlight(), Work(ValueError("refused"))
    callers = [asyncio.create_task(flight.run("WTI", work)) for _ in range(3)]
    await asyncio.sleep(0)
    work.gate.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [str(result) for result in results] == ["refused"] * 3
    assert work.started == 1


async def test_a_caller_who_leaves_does_not_stop_the_others():
    flight, work = SingleFlight(), Work()
    first, second = (asyncio.create_task(flight.run("WTI", work)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    work.gate.set()
    assert await second == (1, True)
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_the_last_caller_takes_the_run_along():
    flight, work = SingleFlight(), Work()
    callers = [asyncio.create_task(flight.run("WTI", work)) for _ in range(2)]
    await asyncio.sleep(0.01)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    await asyncio.sleep(0)
    assert work.cancelled == 1
    work.gate.set()
    assert await flight.run("WTI", work) == (1, False), "a new call is a new run"
