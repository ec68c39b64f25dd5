"""Memory of large results: used again only when nobody looks at it, and never more of it kept than is stated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from riskwave.compute.oscillators import _memory, compute
from riskwave.compute.oscillators._memory import KEPT_VALUES_MAX, VALUES_MIN, empty


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    _memory._free.clear()


def kept() -> int:
    return sum(region.numbers.size for region in _memory._free)


def address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def test_a_small_array_is_the_allocators() -> None:
    array = empty((VALUES_MIN - 1,))
    del array
    assert kept() == 0


def test_an_array_has_its_shape_and_can_be_written() -> None:
    array = empty((4, VALUES_MIN))
    array[:] = 1.5
    assert array.dtype == np.float64
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.sum() == 1.5 * 4 * VALUES_MIN


def test_memory_is_used_again_when_the_last_view_is_gone() -> None:
    array = empty((2, VALUES_MIN))
    array[:] = 7.0
    where, view = address(array), array[1].reshape(-1)[5:9]
    del array
    assert kept() == 0
    other = empty((2, VALUES_MIN))
    other[:] = 1.0
    assert address(other) != where
    np.testing.assert_array_equal(view, 7.0)
    del view
    assert kept() == 2 * VALUES_MIN
    again = empty((2 * VALUES_MIN - 100,))
    assert address(again) == where
    assert kept() == 0


def test_memory_that_is_much_too_large_is_left_alone() -> None:
    array = empty((5 * VALUES_MIN,))
    where = address(array)
    del array
    assert address(empty((2 * VALUES_MIN,))) != where


def test_no_more_is_kept_than_stated() -> None:
    arrays = [empty((VALUES_MIN,)) for _ in range(KEPT_VALUES_MAX // VALUES_MIN + 3)]
    arrays.append(empty((KEPT_VALUES_MAX + 1,)))
    del arrays
    assert kept() == KEPT_VALUES_MAX


def test_no_two_threads_get_the_same_memory() -> None:
    def fill(number: int) -> bool:
        right = True
        for _ in range(20):
            array = empty((VALUES_MIN,))
            array[::512] = number
            right = right and bool((array[::512] == number).all())
        return right

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(fill, range(4)))
    assert kept() <= 2 * 4 * VALUES_MIN


def test_a_sweep_has_the_same_bits_in_memory_that_was_used() -> None:
    close = 100.0 + np.random.default_rng(0).normal(size=VALUES_MIN // 16 + 1).cumsum()
    windows = {"timeperiod": list(range(2, 18))}
    first = compute("RSI", {"close": close}, windows).outputs["real"]
    where, copy = address(first), first.copy()
    first[:] = -1.0
    del first
    again = compute("RSI", {"close": close}, windows).outputs["real"]
    assert address(again) == where
    np.testing.assert_array_equal(again.view(np.int64), copy.view(np.int64))


def test_memory_is_left_alone_while_the_interpreter_leaves(monkeypatch) -> None:
    """Modules lose their names then, and what is deleted last finds none."""
    loan = _memory._Loan(_memory._Region(VALUES_MIN), VALUES_MIN, _memory._free)
    with monkeypatch.context() as names:
        names.setattr(_memory, "KEPT_VALUES_MAX", None)
        loan.__del__(lambda: True)
        with pytest.raises(TypeError):
            loan.__del__(lambda: False)
    assert kept() == 0
