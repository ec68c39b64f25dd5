"""The inner loops of pricing use vector registers: packed instructions, not one number at a time."""

import platform
import re

import numba
import numpy as np
import pytest

from riskwave.compute.montecarlo.pricing import gaussian, reductions, variance
from riskwave.compute.montecarlo.sobol import sobol_words

PACKED = {
    "x86_64": {"float64": r"\bv?(fn?m(add|sub)\d*|mul|add|div|sqrt)pd\s", "words": r"\bv?pmulld\s"},
    "aarch64": {"float64": r"\.2d\b", "words": r"mul\s+v\d+\.4s\b"},
}
LANES = 64
LOGS = np.ones((2, LANES))
NORMALS = np.ones((2, LANES), np.float32)
WORDS = np.ones((1, LANES), np.uint32)


@pytest.mark.parametrize(
    ("function", "arguments", "kind", "least"),
    [
        (gaussian._walk, (0.1, 0.1, 0.1, NORMALS, 1, LOGS), "float64", 4),
        (reductions._exponentials, (LOGS, LOGS), "float64", 10),
        (reductions._reduce, (LOGS[0], np.ones((4, LANES)), True, LANES), "float64", 10),
        (
            variance._advance,
            (LOGS[0], LOGS[1], NORMALS[0], NORMALS[1], WORDS[0], np.ones(12), np.ones(LANES)),
            "float64",
            40,
        ),
        (sobol_words, (0, np.ones((1, 32), np.uint32), np.ones(1, np.uint32), True, WORDS), "words", 4),
    ],
    ids=["walk", "exponentials", "reduce", "variance", "sobol"],
)
def test_inner_loops_are_vectorised(function, arguments, kind, least):
    compiled = numba.njit(nogil=True, error_model="numpy")(function.py_func)
    compiled(*arguments)
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    packed = re.findall(PACKED[machine][kind], next(iter(compiled.inspect_asm().values())))
    assert len(packed) >= least
