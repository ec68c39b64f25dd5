import struct
import time

import numpy as np
import pytest
import xxhash

from riskwave.compute.digest import digest_arrays


def test_the_hash_is_the_published_one() -> None:
    # xxHash's specification: XXH3, 128 bits, of nothing, without a seed.
    assert digest_arrays({}) == "99aa06d3014798d86001c324468d497f"


def test_it_is_xxh3_over_the_documented_layout() -> None:
    written = struct.pack("<I4sIQ", 4, b"real", 1, 2) + struct.pack("<2d", 1.0, -0.5)
    written += struct.pack("<I1sI", 1, b"x", 0) + struct.pack("<d", 3.0)
    assert digest_arrays({"real": [1.0, -0.5], "x": 3.0}) == xxhash.xxh3_128(written).hexdigest()


@pytest.mark.parametrize(
    "other",
    [{"b": [1.0, 2.0]}, {"a": [[1.0, 2.0]]}, {"a": [2.0, 1.0]}, {"a": [1.0], "b": [2.0]}, {"a": [1.0, 2.0], "b": []}],
)
def test_names_shapes_order_and_numbers_count(other: dict[str, list[float]]) -> None:
    assert digest_arrays({"a": [1.0, 2.0]}) != digest_arrays(other)


def test_the_last_bit_and_the_sign_of_zero_count() -> None:
    assert digest_arrays({"a": [0.1 + 0.2]}) != digest_arrays({"a": [0.3]})
    assert digest_arrays({"a": [0.0]}) != digest_arrays({"a": [-0.0]})


def test_memory_layout_does_not_count() -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    assert digest_arrays({"a": np.asfortranarray(matrix)}) == digest_arrays({"a": matrix})
    assert digest_arrays({"a": matrix.astype(">f8")}) == digest_arrays({"a": matrix})
    assert digest_arrays({"a": np.repeat(matrix, 2, axis=1)[:, ::2]}) == digest_arrays({"a": matrix})


def test_a_large_array_takes_no_second() -> None:
    numbers = np.zeros(1_000_000)
    begin = time.perf_counter()
    digest_arrays({"a": numbers})
    assert time.perf_counter() - begin < 0.5
