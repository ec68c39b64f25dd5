"""Instructions of the kernels that look at every value of a window, for `_fusion_code`.

The formulas are those of `_kernels`, in their order, and so are the bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from riskwave.compute.oscillators import _kernels
from riskwave.compute.oscillators._element_code import INTEGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskwave.compute.oscillators._element_code import Emitter


def mean_deviation_ratio(emitter: Emitter, read: Callable[[Any], Any], bars: Any) -> Any:
    """Divide the newest value's distance to the window's mean by the mean distance of all; 0 in a flat window."""
    builder, zero, divisor = emitter.builder, emitter.constant(0.0), emitter.spread(bars)
    count = builder.fptosi(bars, INTEGER)
    last = builder.sub(count, INTEGER(1))
    newest = read(last)
    total = _sum(emitter, last, lambda k: builder.fsub(read(k), newest))
    mean = emitter.quotient(total, divisor)
    spread = _sum(emitter, count, lambda k: emitter.call("fabs", builder.fsub(builder.fsub(read(k), newest), mean)))
    deviation = emitter.quotient(spread, divisor)
    there = builder.fcmp_unordered("!=", deviation, zero)
    value = builder.fdiv(builder.fneg(mean), builder.select(there, deviation, emitter.constant(1.0)))
    return builder.select(there, value, zero)


def rank_below(emitter: Emitter, read: Callable[[Any], Any], bars: Any) -> Any:
    """Count the values of the window below its newest, in per cent of the others."""
    builder, zero, one = emitter.builder, emitter.constant(0.0), emitter.constant(1.0)
    last = builder.sub(builder.fptosi(bars, INTEGER), INTEGER(1))
    newest = read(last)
    below = _sum(emitter, last, lambda k: builder.select(builder.fcmp_ordered("<", read(k), newest), one, zero))
    others = emitter.spread(builder.sitofp(last, bars.type))
    return builder.fdiv(builder.fmul(emitter.constant(100.0), below), others)


def _sum(emitter: Emitter, count: Any, term: Callable[[Any], Any]) -> Any:
    """Add so many terms, from the oldest on, one after the other."""
    builder, before = emitter.builder, emitter.builder.block
    head, body, after = (builder.append_basic_block() for _ in range(3))
    builder.branch(head)
    builder.position_at_end(head)
    index, total = builder.phi(INTEGER), builder.phi(emitter.type)
    index.add_incoming(INTEGER(0), before)
    total.add_incoming(emitter.constant(0.0), before)
    builder.cbranch(builder.icmp_signed("<", index, count), body, after)
    builder.position_at_end(body)
    following = builder.fadd(total, term(index))
    total.add_incoming(following, builder.block)
    index.add_incoming(builder.add(index, INTEGER(1)), builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    return total


WINDOW_CODE: dict[Callable[..., object], Callable[[Emitter, Callable[[Any], Any], Any], Any]] = {
    _kernels.mean_deviation_ratio: mean_deviation_ratio,
    _kernels.rank_below: rank_below,
}
