"""Registered parameters as the contract's messages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from riskwave.v1 import parameter_pb2 as pb

if TYPE_CHECKING:
    from riskwave.compute.registry import Param

_KINDS = {
    "int": pb.PARAMETER_KIND_INT,
    "float": pb.PARAMETER_KIND_FLOAT,
    "str": pb.PARAMETER_KIND_STRING,
    "bool": pb.PARAMETER_KIND_BOOL,
}


def encode_param(param: Param) -> pb.ParameterSpec:
    """Return what a parameter is: enough to draw a form and to check a value before it is sent."""
    default = param.default
    if isinstance(default, bool):
        value = pb.ParameterValue(bool_value=default)
    elif isinstance(default, int):
        value = pb.ParameterValue(int_value=default)
    elif isinstance(default, float):
        value = pb.ParameterValue(double_value=default)
    else:
        value = pb.ParameterValue(string_value=default)
    return pb.ParameterSpec(
        name=param.name,
        kind=_KINDS[param.kind],
        default_value=value,
        low=param.low if math.isfinite(param.low) else None,
        high=param.high if math.isfinite(param.high) else None,
        choices=param.choices,
        unit=param.unit,
        doc=param.doc,
    )
