"""The compile policy: releases the GIL, caches, never parallel, fused arithmetic only on request."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import riskwave.compute
from riskwave.compute.jit import kernel

COMPUTE = Path(riskwave.compute.__file__).parent


def divide(a, b):
    return a / b


@pytest.mark.parametrize("contract", [False, True])
@pytest.mark.parametrize("inline", [False, True])
def test_options(contract, inline):
    options = kernel(contract=contract, inline=inline)(divide).targetoptions
    assert options["nogil"]
    assert not options.get("parallel", False)
    assert options["error_model"] == "numpy"
    assert options.get("fastmath", False) == ({"contract"} if contract else False)


def test_division_by_zero_is_not_an_exception():
    compiled = kernel()(divide)
    assert compiled(1.0, 0.0) == np.inf
    assert np.isnan(compiled(0.0, 0.0))
    assert compiled.py_func is divide


def test_nothing_is_compiled_in_another_way():
    for path in COMPUTE.rglob("*.py"):
        if path.name == "jit.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in {"njit", "jit", "prange", "vectorize", "guvectorize"}:
                pytest.fail(f"{path.name}:{node.lineno} compiles without the policy")
