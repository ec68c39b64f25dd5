"""Turns the loops of `_kernels` and `_division` into instructions for eight elements, or one.

Each of those kernels is a loop over elements whose body looks at one element of each array. Here the body is read and
written down again as instructions of LLVM, of the same operations in the same order: so the bits are the kernel's.
What a step computes can then go on to the next in a register, where two kernels pass it on in memory.
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir as llvm

from riskwave.compute.oscillators import _division
from riskwave.compute.oscillators._steady import STEADY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# It does not say what types it takes.
ir: Any = llvm

LANES = 8
DOUBLE, INTEGER = ir.DoubleType(), ir.IntType(64)
# Numbers of which a quotient by a whole number is found without dividing: see `_division`.
_SMALLEST, _LARGEST = 2.0**-960, math.inf

_UFUNCS: dict[Callable[..., object], str] = {
    np.positive: "a[i]",
    np.add: "a[i] + b[i]",
    np.subtract: "a[i] - b[i]",
    np.multiply: "a[i] * b[i]",
    np.divide: "a[i] / b[i]",
    np.negative: "-a[i]",
    np.absolute: "abs(a[i])",
    np.sqrt: "np.sqrt(a[i])",
}
_BINARY = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_COMPARISONS = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}

_FUNCTIONS = {"abs": "fabs", "np.sqrt": "sqrt"}
_KNOWN = (
    *(ast.Assign, ast.Tuple, ast.Name, ast.Attribute, ast.Constant, ast.IfExp, ast.Compare, ast.expr_context),
    *(ast.BinOp, ast.UnaryOp, ast.USub, *_BINARY, *_COMPARISONS),
)


@dataclass(frozen=True, slots=True)
class ElementCode:
    """What a kernel does.

    Attributes
    ----------
    arrays, params, outputs
        The names of its arguments.
    before, body
        The statements before the loop, which see `params` alone, and those in it.
    exact_quotients
        Whether it divides by whole numbers that are the same for all elements.
    """

    arrays: tuple[str, ...]
    params: tuple[str, ...]
    outputs: tuple[str, ...]
    before: tuple[ast.stmt, ...]
    body: tuple[ast.stmt, ...]
    exact_quotients: bool = False


@lru_cache(maxsize=256)
def element_code(function: Callable[..., object], arrays: int, params: int) -> ElementCode | None:
    """Return what a kernel does, given how many arrays it reads and parameters it has.

    Of a recursion, which also reads what it kept, it is what it does once it is settled. None where that is more than
    to look at one element after the other, or where the source of the kernel is not installed.
    """
    if function in _UFUNCS:
        body = ast.parse(f"out[i] = {_UFUNCS[function]}").body
        return ElementCode(("a", "b")[:arrays], (), ("out",), (), tuple(body))
    kernel: Any = function
    plain: Any = STEADY[function] if function in STEADY else getattr(kernel, "py_func", kernel)
    try:
        source = inspect.getsource(plain)
    except OSError:  # installed without its source
        return None
    definition = ast.parse(textwrap.dedent(source)).body[0]
    if not isinstance(definition, ast.FunctionDef):
        return None
    names = [argument.arg for argument in definition.args.args]
    exact = plain.__module__ == _division.__name__
    statements = [each for each in definition.body if not isinstance(each, ast.Expr)]
    statements = [each for each in statements if not (exact and isinstance(each, ast.If))]
    loop = statements[-1]
    if not isinstance(loop, ast.For) or not all(map(_translatable, [*statements[:-1], *loop.body])):
        return None
    return ElementCode(
        tuple(names[:arrays]),
        tuple(names[arrays : arrays + params]),
        tuple(names[arrays + params :]),
        tuple(statements[:-1]),
        tuple(loop.body),
        exact,
    )


def _translatable(statement: ast.stmt) -> bool:
    """Return whether `Emitter` knows everything that a statement does."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            known = ast.unparse(node.func) in {"max", "min", *_FUNCTIONS}
        elif isinstance(node, ast.Subscript):
            known = isinstance(node.value, ast.Name) and ast.unparse(node.slice) == "i"
        else:
            known = isinstance(node, _KNOWN)
        if not known:
            return False
    return isinstance(statement, ast.Assign)


class Emitter:
    """Writes the instructions of kernels at a builder's place.

    Parameters
    ----------
    builder
        Where instructions go.
    lanes
        How many elements each value has: 8, or 1.
    """

    def __init__(self, builder: Any, lanes: int) -> None:
        self.builder, self.lanes = builder, lanes
        self._inverses: dict[int, tuple[Any, Any]] = {}
        self.type = DOUBLE if lanes == 1 else ir.VectorType(DOUBLE, lanes)
        self.integer_type = INTEGER if lanes == 1 else ir.VectorType(INTEGER, lanes)

    def spread(self, value: Any) -> Any:
        """Return as many times the same number as a value has elements."""
        if self.lanes == 1:
            return value
        one = self.builder.insert_element(ir.Constant(self.type, ir.Undefined), value, ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, ir.Constant(self.type, ir.Undefined), zeros)

    def constant(self, number: float) -> Any:
        """Return a number as a value."""
        return ir.Constant(self.type, float(number) if self.lanes == 1 else [float(number)] * self.lanes)

    def integer(self, number: int) -> Any:
        """Return a whole number as a value."""
        return ir.Constant(self.integer_type, number if self.lanes == 1 else [number] * self.lanes)

    def call(self, name: str, *values: Any) -> Any:
        """Call one of LLVM's own functions."""
        suffix = "f64" if self.lanes == 1 else f"v{self.lanes}f64"
        kind = ir.FunctionType(self.type, [self.type] * len(values))
        module, full = self.builder.module, f"llvm.{name}.{suffix}"
        function = module.globals.get(full) or ir.Function(module, kind, full)
        return self.builder.call(function, values)

    def before(self, code: ElementCode, params: Sequence[Any]) -> dict[str, Any]:
        """Carry out what comes before the loop; return the values by name."""
        names = dict(zip(code.params, params, strict=True))
        for statement in code.before:
            self._assign(statement, names, code)
        if code.exact_quotients:
            self._inverses.update((id(each), (each, self.builder.fdiv(self.constant(1.0), each))) for each in params)
        return names

    def elements(self, code: ElementCode, names: dict[str, Any], operands: Sequence[Any]) -> list[Any]:
        """Carry out the loop's body for the operands; return the outputs."""
        known = dict(names)
        for name, operand in zip(code.arrays, operands, strict=True):
            known[name + "[i]"] = operand
        for statement in code.body:
            self._assign(statement, known, code)
        return [known[name + "[i]"] for name in code.outputs]

    def _assign(self, statement: ast.stmt, names: dict[str, Any], code: ElementCode) -> None:
        assert isinstance(statement, ast.Assign)
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Tuple):
            assert isinstance(value, ast.Tuple)
            values = [self._value(each, names, code) for each in value.elts]
            names.update(zip(map(ast.unparse, target.elts), values, strict=True))
        else:
            names[ast.unparse(target)] = self._value(value, names, code)

    def _value(self, node: ast.expr, names: dict[str, Any], code: ElementCode) -> Any:
        if isinstance(node, ast.Name | ast.Subscript):
            return names[ast.unparse(node)]
        if isinstance(node, ast.Constant):
            assert isinstance(node.value, float | int), "the numbers of kernels are real"
            return self.constant(node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self.builder.fneg(self._value(node.operand, names, code))
        if isinstance(node, ast.BinOp):
            left, right = self._value(node.left, names, code), self._value(node.right, names, code)
            if code.exact_quotients and isinstance(node.op, ast.Div):
                return self.quotient(left, right)
            return getattr(self.builder, _BINARY[type(node.op)])(left, right)
        if isinstance(node, ast.IfExp):
            return self.builder.select(
                self._value(node.test, names, code),
                self._value(node.body, names, code),
                self._value(node.orelse, names, code),
            )
        if isinstance(node, ast.Compare):
            left, right = self._value(node.left, names, code), self._value(node.comparators[0], names, code)
            symbol = _COMPARISONS[type(node.ops[0])]
            compare = self.builder.fcmp_unordered if symbol == "!=" else self.builder.fcmp_ordered
            return compare(symbol, left, right)
        assert isinstance(node, ast.Call), "a kernel was looked through before"
        return self._called(ast.unparse(node.func), [self._value(each, names, code) for each in node.args])

    def _called(self, name: str, values: list[Any]) -> Any:
        if name in {"max", "min"}:  # of equal numbers, and where the second is none, the first
            comparison = ">" if name == "max" else "<"
            return self.builder.select(
                self.builder.fcmp_ordered(comparison, values[1], values[0]), values[1], values[0]
            )
        return self.call(_FUNCTIONS[name], *values)

    def quotient(self, x: Any, divisor: Any) -> Any:
        """Divide by a whole number as `_division` does, and with a division where one of the elements needs it."""
        if not _division.FUSED:
            return self.builder.fdiv(x, divisor)
        builder = self.builder
        if id(divisor) in self._inverses:
            inverse = self._inverses[id(divisor)][1]
        else:
            inverse = builder.fdiv(self.constant(1.0), divisor)
        guess = builder.fmul(x, inverse)
        rest = self.call("fma", builder.fneg(guess), divisor, x)
        exact = self.call("fma", rest, inverse, guess)
        size = self.call("fabs", x)
        inside = builder.and_(
            builder.fcmp_ordered(">=", size, self.constant(_SMALLEST)),
            builder.fcmp_ordered("<", size, self.constant(_LARGEST)),
        )
        if self.lanes > 1:
            word = ir.IntType(self.lanes)
            inside = builder.icmp_unsigned("==", builder.bitcast(inside, word), word(2**self.lanes - 1))
        here = builder.block
        with builder.if_then(builder.not_(inside), likely=False):
            divided = builder.fdiv(x, divisor)
            there = builder.block
        result = builder.phi(self.type)
        result.add_incoming(exact, here)
        result.add_incoming(divided, there)
        return result
