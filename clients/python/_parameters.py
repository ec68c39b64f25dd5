"""What indicators, models and payoffs say about their parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskwave._inputs import enum_name
from riskwave.v1 import parameter_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from riskwave.v1.codec import Scalar

__all__ = ["ParameterSpec", "decode_parameter_specs", "optional"]


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A parameter: enough to draw a form and to check a value before it is sent.

    Attributes
    ----------
    name
        The name, such as timeperiod.
    kind
        int, float, string or bool.
    default
        The value that is used when none is given. None where one must be given.
    low, high
        Smallest and largest allowed number, both included. None means no limit.
    choices
        Allowed texts. Empty means any.
    unit
        The unit, such as bars. Empty means a plain number.
    doc
        One line of documentation.
    """

    name: str
    kind: str
    default: Scalar | None
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    unit: str
    doc: str

    def __str__(self) -> str:
        """Return the parameter in short: name, default and range."""
        text = self.name if self.default is None else f"{self.name}={self.default}"
        if self.choices:
            return f"{text} ({'|'.join(self.choices)})"
        if self.low is None and self.high is None:
            return text
        low = "" if self.low is None else f"{self.low:g}"
        high = "" if self.high is None else f"{self.high:g}"
        return f"{text} ({low}..{high})"


def decode_parameter_specs(messages: Iterable[pb.ParameterSpec]) -> tuple[ParameterSpec, ...]:
    """Return the specifications of their messages."""
    return tuple(_decode(message) for message in messages)


def _decode(message: pb.ParameterSpec) -> ParameterSpec:
    kind = message.default_value.WhichOneof("value")
    return ParameterSpec(
        name=message.name,
        kind=enum_name(pb.ParameterKind, message.kind),
        default=getattr(message.default_value, kind) if kind is not None else None,
        low=optional(message, "low"),
        high=optional(message, "high"),
        choices=tuple(message.choices),
        unit=message.unit,
        doc=message.doc,
    )


def optional(message: Any, name: str) -> Any:
    """Return a field that may be unset, then None."""
    return getattr(message, name) if message.HasField(name) else None
