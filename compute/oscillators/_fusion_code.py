"""Makes machine code of a plan: for each tile its loops, one after the other, each with all its steps.

A tile of a single series is some hundred bars. One of a panel is a few bars of some columns, which is a strip: so few
that everything to which the loops look back stays in the first cache. While the last loop of a tile computes, it
fetches what the next tile reads and writes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm_binding
import numba
from llvmlite import ir as llvm
from numba.core.codegen import get_host_cpu_features
from numba.core.compiler_lock import global_compiler_lock

from riskwave.compute.oscillators._element_code import DOUBLE, INTEGER, LANES, Emitter, element_code
from riskwave.compute.oscillators._fusion_plan import Number, Value
from riskwave.compute.oscillators._window_code import WINDOW_CODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from riskwave.compute.oscillators._element_code import ElementCode
    from riskwave.compute.oscillators._fusion_plan import FusedStep, Plan

# None of them says what types it takes.
ir: Any = llvm
binding: Any = llvm_binding
_compiler_lock: Any = global_compiler_lock

# Columns of the table of series: address, the bar that lies there, bars that a ring keeps and has in all, and bytes
# from one bar to the next.
ADDRESS, ORIGIN, KEPT, CAPACITY, PITCH, SERIES_COLUMNS = range(6)
_EXPONENT, _CARRY = 0x7FF << 52, 1 << 52
_BYTES = ir.IntType(8).as_pointer()


class _Counted:
    """A loop of a builder from `first` to before `end`; its body is what is written in the ``with``."""

    def __init__(self, builder: Any, first: Any, end: Any, step: int | Any) -> None:
        self._builder, self._first, self._end = builder, first, end
        self._step = INTEGER(step) if isinstance(step, int) else step

    def __enter__(self) -> Any:
        builder, before = self._builder, self._builder.block
        self._head, body = builder.append_basic_block(), builder.append_basic_block()
        self._after = builder.append_basic_block()
        builder.branch(self._head)
        builder.position_at_end(self._head)
        self._index = builder.phi(INTEGER)
        self._index.add_incoming(self._first, before)
        builder.cbranch(builder.icmp_signed("<", self._index, self._end), body, self._after)
        builder.position_at_end(body)
        return self._index

    def __exit__(self, *_: object) -> None:
        self._index.add_incoming(self._builder.add(self._index, self._step), self._builder.block)
        self._builder.branch(self._head)
        self._builder.position_at_end(self._after)


@dataclass(frozen=True, slots=True)
class _Tile:
    """Where a tile lies: the addresses of all series at its first bar, and the bytes from one bar to the next."""

    addresses: list[Any]
    pitches: list[Any]
    outer: Any
    inner: Any
    following: list[Any]


@dataclass(slots=True)
class _Loop:
    """A loop while it is written: its steps, and what is the same for all elements."""

    steps: Sequence[FusedStep]
    codes: list[ElementCode | None]
    numbers: dict[Number, Any]
    names: list[dict[str, Any]]


class _Writer:
    """Writes the function of a plan."""

    def __init__(self, plan: Plan, name: str) -> None:
        self.plan = plan
        self.module = ir.Module("fusion")
        integers = INTEGER.as_pointer()
        kind = ir.FunctionType(INTEGER, [integers, integers, DOUBLE.as_pointer(), *[INTEGER] * 6])
        function = ir.Function(self.module, kind, name)
        function.attributes.add("nounwind")
        self.builder = ir.IRBuilder(function.append_basic_block())
        self.tables, self.lags, self.numbers, *bars = function.args
        self.first, self.end, self.tile, self.strips, self.columns, self.lanes = bars
        self.series = self.tables
        self.written = {row for loop in plan.loops for step in loop for row in step.rows}

    def write(self) -> str:
        """Return the module's text."""
        builder = self.builder
        with _Counted(builder, self.first, self.end, self.tile) as begin:
            beyond = builder.add(begin, self.tile)
            stop = builder.select(builder.icmp_signed("<", beyond, self.end), beyond, self.end)
            with _Counted(builder, INTEGER(0), self.strips, 1) as strip:
                skipped = builder.mul(strip, INTEGER(self.plan.rows * SERIES_COLUMNS))
                self.series = builder.gep(self.tables, [skipped])
                tile = self._open_tile(begin, stop, strip)
                for number in range(len(self.plan.loops)):
                    self._write_loop(number, tile)
        builder.ret(INTEGER(1))
        return str(self.module)

    def _open_tile(self, begin: Any, stop: Any, strip: Any) -> _Tile:
        """Write what a tile begins with: places in the rings, and addresses."""
        builder = self.builder
        for row in sorted(self.plan.rings):
            self._make_room(row, begin, stop)
        pitches = [builder.load(self._entry(row, PITCH)) for row in range(self.plan.rows)]
        addresses = []
        for row, pitch in enumerate(pitches):
            bars = builder.sub(begin, builder.load(self._entry(row, ORIGIN)))
            addresses.append(builder.add(builder.load(self._entry(row, ADDRESS)), builder.mul(bars, pitch)))
        bars = builder.sub(stop, begin)
        single = builder.icmp_signed("==", self.columns, INTEGER(0))
        left = builder.sub(self.lanes, builder.mul(strip, self.columns))
        columns = builder.select(builder.icmp_signed("<", left, self.columns), left, self.columns)
        outer, inner = builder.select(single, INTEGER(1), bars), builder.select(single, bars, columns)
        # Of the next tile of all strips, read from one end to the other, the part that falls to this strip. Memory is
        # fastest in that order.
        before = builder.mul(builder.mul(strip, self.columns), builder.sub(self.tile, INTEGER(1)))
        following = [
            builder.add(builder.add(address, builder.mul(self.tile, pitch)), builder.shl(before, INTEGER(3)))
            for address, pitch in zip(addresses, pitches, strict=True)
        ]
        return _Tile(addresses, pitches, outer, inner, following)

    def _entry(self, row: int, column: int) -> Any:
        return self.builder.gep(self.series, [INTEGER(row * SERIES_COLUMNS + column)])

    def _make_room(self, row: int, begin: Any, stop: Any) -> None:
        """Move the last bars of a ring to its front if the next ones don't fit behind them."""
        builder, origin = self.builder, self.builder.load(self._entry(row, ORIGIN))
        capacity = builder.load(self._entry(row, CAPACITY))
        with builder.if_then(builder.icmp_signed(">", builder.sub(stop, origin), capacity)):
            address, pitch = builder.load(self._entry(row, ADDRESS)), builder.load(self._entry(row, PITCH))
            kept = builder.load(self._entry(row, KEPT))
            oldest = builder.sub(begin, kept)
            source = builder.add(address, builder.mul(builder.sub(oldest, origin), pitch))
            move = self._intrinsic("llvm.memmove.p0i8.p0i8.i64", [_BYTES, _BYTES, INTEGER, ir.IntType(1)])
            places = [builder.inttoptr(place, _BYTES) for place in (address, source)]
            builder.call(move, [*places, builder.mul(kept, pitch), ir.IntType(1)(0)])
            builder.store(oldest, self._entry(row, ORIGIN))

    def _intrinsic(self, name: str, arguments: list[Any]) -> Any:
        known = self.module.globals.get(name)
        return known or ir.Function(self.module, ir.FunctionType(ir.VoidType(), arguments), name)

    def _write_loop(self, number: int, tile: _Tile) -> None:
        """Write a loop over the bars of a tile, and in it the columns: eight elements at a time, then one by one."""
        builder, steps = self.builder, self.plan.loops[number]
        loaded = sorted({operand for step in steps for operand in step.operands if isinstance(operand, int)})
        starts = {each: self._start(each, tile) for each in loaded}
        emitters = [Emitter(builder, lanes) for lanes in (LANES, 1)]
        loops = [self._prepare(steps, emitter) for emitter in emitters]
        seen = [self._nothing_seen(emitter) for emitter in emitters] if number == 0 and self.plan.checked else []
        outer, inner = tile.outer, tile.inner
        if self._in_rings(steps):  # where one bar follows the other without a gap
            outer, inner = INTEGER(1), builder.mul(outer, inner)
        vector_end = builder.and_(inner, INTEGER(-LANES))
        edges = ((INTEGER(0), vector_end), (vector_end, inner))
        with _Counted(builder, INTEGER(0), outer, 1) as bar:
            rows = [builder.add(a, builder.mul(bar, p)) for a, p in zip(tile.addresses, tile.pitches, strict=True)]
            sources = {
                each: builder.add(start, builder.mul(bar, tile.pitches[self.plan.loads[each].row]))
                for each, start in starts.items()
            }
            passed = builder.shl(builder.mul(bar, tile.inner), INTEGER(3))
            ahead = [builder.add(each, passed) for each in tile.following] if number == len(self.plan.loops) - 1 else []
            for k, (first, end) in enumerate(edges):
                with _Counted(builder, first, end, emitters[k].lanes) as element:
                    skipped = builder.shl(element, INTEGER(3))
                    if k == 0:
                        self._fetch(ahead, skipped)
                    access = _Access(emitters[k], skipped, rows, sources)
                    self._write_elements(loops[k], access, tile.pitches, seen[k] if seen else None)
        for place in seen:
            self._leave_unless_finite(place)

    def _in_rings(self, steps: Sequence[FusedStep]) -> bool:
        """Return whether everything that is read and written lies in rings."""
        read = {self.plan.loads[each].row for step in steps for each in step.operands if isinstance(each, int)}
        touched = read.union(*[{row for row in step.rows if row >= 0} | set(step.kept) for step in steps])
        return touched <= self.plan.rings

    def _start(self, load: int, tile: _Tile) -> Any:
        """Return the address of what is loaded for a tile's first element."""
        row, builder = self.plan.loads[load].row, self.builder
        if not self.plan.loads[load].late:
            return tile.addresses[row]
        lag = builder.load(builder.gep(self.lags, [INTEGER(load)]))
        return builder.sub(tile.addresses[row], builder.mul(lag, tile.pitches[row]))

    def _prepare(self, steps: Sequence[FusedStep], emitter: Emitter) -> _Loop:
        """Write what is the same for all elements, in front of their loop."""

        def scalar(place: int) -> Any:
            return self.builder.load(self.builder.gep(self.numbers, [INTEGER(place)]))

        used = {operand for step in steps for operand in step.operands if isinstance(operand, Number)}
        numbers = {each: emitter.spread(scalar(each.place)) for each in sorted(used, key=lambda each: each.place)}
        codes: list[ElementCode | None] = []
        names: list[dict[str, Any]] = []
        for step in steps:
            first, count = step.params
            if step.function in WINDOW_CODE:
                codes.append(None)
                names.append({"bars": scalar(first.place)})
                continue
            code = element_code(step.function, len(step.operands) + len(step.kept), count)
            assert code is not None, "a plan has only steps that can be translated"
            codes.append(code)
            names.append(emitter.before(code, [emitter.spread(scalar(first.place + k)) for k in range(count)]))
        return _Loop(steps, codes, numbers, names)

    def _write_elements(self, loop: _Loop, access: _Access, pitches: list[Any], seen: Any) -> None:
        """Write the steps for some elements."""
        values: dict[int, Any] = {}
        results: list[tuple[int, Any]] = []
        for step, code, names in zip(loop.steps, loop.codes, loop.names, strict=True):
            if code is None:
                (window,) = [operand for operand in step.operands if isinstance(operand, int)]
                row = self.plan.loads[window].row
                read = partial(access.read_later, window, pitches[row])
                values[step.outputs[0]] = WINDOW_CODE[step.function](access.emitter, read, names["bars"])
                results.extend((row, values[step.outputs[0]]) for row in step.rows if row >= 0)
                continue
            operands = []
            for operand in step.operands:
                if isinstance(operand, Value):
                    operands.append(values[operand.number])
                else:
                    operands.append(loop.numbers[operand] if isinstance(operand, Number) else access.load(operand))
            operands.extend(access.read(row) for row in step.kept)
            outputs = access.emitter.elements(code, names, operands)
            values.update(zip(step.outputs, outputs, strict=False))
            rows = (*step.rows, *step.kept)
            results.extend((row, value) for row, value in zip(rows, outputs, strict=True) if row >= 0)
        if seen is not None:
            for row in self.plan.checked:
                self._look_at(access.at_once(row, self.plan), seen, access.emitter)
        for row, value in results:
            access.store(row, value)

    def _fetch(self, addresses: list[Any], skipped: Any) -> None:
        """Write the requests for memory of the next tile."""
        kind = ir.IntType(32)
        prefetch = self._intrinsic("llvm.prefetch.p0i8", [_BYTES, kind, kind, kind])
        for row, address in enumerate(addresses):
            if row not in self.plan.rings and row < self.plan.rows - self.plan.states:
                place = self.builder.inttoptr(self.builder.add(address, skipped), _BYTES)
                self.builder.call(prefetch, [place, kind(int(row in self.written)), kind(3), kind(1)])

    def _nothing_seen(self, emitter: Emitter) -> Any:
        """Return a place where exponents are gathered."""
        with self.builder.goto_entry_block():
            place = self.builder.alloca(emitter.integer_type)
        self.builder.store(emitter.integer(0), place)
        return place

    def _look_at(self, value: Any, seen: Any, emitter: Emitter) -> None:
        """Gather exponents: that of NaN and infinity alone has all its bits set, and one more reaches the sign."""
        builder = self.builder
        word = builder.and_(builder.bitcast(value, emitter.integer_type), emitter.integer(_EXPONENT))
        word = builder.add(word, emitter.integer(_CARRY))
        builder.store(builder.or_(builder.load(seen), word), seen)

    def _leave_unless_finite(self, seen: Any) -> None:
        builder, word = self.builder, self.builder.load(seen)
        if isinstance(word.type, ir.VectorType):
            lanes = [builder.extract_element(word, ir.IntType(32)(lane)) for lane in range(LANES)]
            word = lanes[0]
            for lane in lanes[1:]:
                word = builder.or_(word, lane)
        with builder.if_then(builder.icmp_signed("<", word, INTEGER(0)), likely=False):
            builder.ret(INTEGER(0))


@dataclass(slots=True)
class _Access:
    """Reads and writes memory for some elements."""

    emitter: Emitter
    skipped: Any
    rows: list[Any]
    sources: dict[int, Any]
    _loaded: dict[int, Any] = field(default_factory=dict)

    def load(self, number: int) -> Any:
        if number not in self._loaded:
            self._loaded[number] = self._read(self.sources[number])
        return self._loaded[number]

    def at_once(self, row: int, plan: Plan) -> Any:
        """Return the elements of a series at the bar itself."""
        for number, load in enumerate(plan.loads):
            if load.row == row and not load.late and number in self.sources:
                return self.load(number)
        return self.read(row)

    def read_later(self, number: int, pitch: Any, bars: Any) -> Any:
        """Return what is so many bars after a load."""
        builder = self.emitter.builder
        return self._read(builder.add(self.sources[number], builder.mul(bars, pitch)))

    def read(self, row: int) -> Any:
        return self._read(self.rows[row])

    def store(self, row: int, value: Any) -> None:
        self.emitter.builder.store(value, self._pointer(self.rows[row]), align=8)

    def _read(self, address: Any) -> Any:
        return self.emitter.builder.load(self._pointer(address), align=8)

    def _pointer(self, address: Any) -> Any:
        builder = self.emitter.builder
        return builder.inttoptr(builder.add(address, self.skipped), self.emitter.type.as_pointer())


FusedCode = Callable[..., int]
"""Machine code of a plan, which stays for as long as the process.

It takes the addresses of three tables (series, one for each strip; lags; numbers), the first bar and the one after the
last, the bars of a tile, the number and the columns of the strips, 0 columns for a single series, and the columns of
all strips together. It returns 0 when a checked series is not finite.
"""
_KIND = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 6)


def _target_machine() -> Any:
    config: Any = numba.config
    features = config.CPU_FEATURES or get_host_cpu_features()  # type: ignore[no-untyped-call]
    name = config.CPU_NAME or binding.get_host_cpu_name()
    # Whatever the compiler could find, the writer has written already: more than little effort only takes longer.
    return binding.Target.from_default_triple().create_target_machine(cpu=name, features=features, opt=1, jit=True)


class _Compiler:
    """Makes machine code, all of it in one place: apart, each would take a hundred times as much memory."""

    def __init__(self) -> None:
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        self._machine = _target_machine()
        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _target_machine())
        self._made = 0

    def compile(self, plan: Plan) -> FusedCode:
        """Compile a plan; nothing else of LLVM may go on at the same time."""
        self._made += 1
        name = f"fused_{self._made}"
        module = binding.parse_assembly(_Writer(plan, name).write())
        module.verify()
        passes = binding.create_new_function_pass_manager()
        passes.add_sroa_pass()
        options = binding.create_pipeline_tuning_options(speed_level=1)
        passes.run(module.get_function(name), binding.create_pass_builder(self._machine, options))
        self._engine.add_object_file(binding.ObjectFileRef.from_data(self._machine.emit_object(module)))
        self._engine.finalize_object()
        return _KIND(self._engine.get_function_address(name))


_compiler = lru_cache(maxsize=1)(_Compiler)


def compile_plan(plan: Plan) -> FusedCode:
    """Compile a plan: 15 milliseconds, and some 5 for each step."""
    with _compiler_lock:
        return _compiler().compile(plan)
