"""The inner loops use vector registers: packed instructions, not one number at a time."""

import platform
import re

import numba
import numpy as np
import pytest

from riskwave.compute.montecarlo.assets import multiply_trapezoidal
from riskwave.compute.montecarlo.mixing import fill_mixing
from riskwave.compute.montecarlo.normals import fill_normals
from riskwave.compute.montecarlo.path_state import advance
from riskwave.compute.montecarlo.philox import fill_words, split_seed
from riskwave.compute.montecarlo.stochastic_variance import move_prices
from riskwave.compute.montecarlo.variance import COEFFICIENTS

PACKED = {
    "x86_64": {
        "words": r"\bv?pmuludq\s",
        "float32": r"\bv?(fn?m(add|sub)\d*|mul|add|sqrt)ps\s",
        "float64": r"\bv?(fn?m(add|sub)\d*|mul|add)pd\s",
    },
    "aarch64": {"words": r"\bumull2?(\.2d|\s+v)", "float32": r"\.4s\b", "float64": r"\.2d\b"},
}
WIDTH = 32


def assembly_of(function, *arguments):
    compiled = numba.njit(nogil=True, error_model="numpy")(function.py_func)
    compiled(*arguments)
    return next(iter(compiled.inspect_asm().values()))


@pytest.mark.parametrize(
    ("function", "arguments", "kind", "least"),
    [
        (fill_words, (np.empty((4, WIDTH), np.uint32), 0, 0, 0, *split_seed(1), 0, WIDTH), "words", 20),
        (fill_normals, (np.ones((4, WIDTH), np.uint32), np.empty((4, WIDTH), np.float32), WIDTH), "float32", 25),
        (
            fill_mixing,
            (np.empty(WIDTH), np.ones((4, WIDTH), np.uint32), 0, 1, 5.0, *split_seed(1), 0, WIDTH),
            "float32",
            25,
        ),
        (advance, (np.ones((6, WIDTH)), np.ones(WIDTH, np.float32), 0.01, 1.0, WIDTH), "float64", 4),
        (
            multiply_trapezoidal,
            (np.ones((8, 8), np.float32), np.ones((8, WIDTH), np.float32), np.ones((8, WIDTH), np.float32), WIDTH),
            "float32",
            16,
        ),
        (
            move_prices,
            (
                np.ones(WIDTH, np.float32),
                np.ones(WIDTH, np.float32),
                np.ones(WIDTH),
                np.ones(COEFFICIENTS),
                0.0,
                np.ones(WIDTH),
                WIDTH,
            ),
            "float64",
            50,
        ),
    ],
    ids=["words", "normals", "mixing", "advance", "assets", "variances"],
)
def test_inner_loops_are_vectorised(function, arguments, kind, least):
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    packed = re.findall(PACKED[machine][kind], assembly_of(function, *arguments))
    assert len(packed) >= least
