"""An oscillator bar by bar: the bits of `compute`, with state that outlives the process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave.compute.errors import (
    InputError,
    NotFiniteError,
    ShapeMismatchError,
    UnknownNameError,
)
from riskwave.compute.oscillators import _kernels
from riskwave.compute.oscillators import _stream_snapshot as snapshots
from riskwave.compute.oscillators._gaps import GapPolicy
from riskwave.compute.oscillators._stream_columns import Columns, Rules
from riskwave.compute.oscillators._stream_engine import Engine, layout_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from riskwave.compute.oscillators._catalogue import Oscillator
    from riskwave.compute.oscillators._program import Floats
    from riskwave.compute.oscillators._stream_columns import Added
    from riskwave.compute.registry import Value

SKIP_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Last:
    """The last bar, so that it can be taken back: what it did, and its inputs unless every column missed it."""

    added: Added
    frame: Floats | None


@dataclass(frozen=True, slots=True)
class Opening:
    """A valid request for a stream."""

    entry: Oscillator
    window: tuple[Value, ...]
    symbols: int | None
    policy: GapPolicy
    max_gap_bars: int


class IndicatorStream:
    """An oscillator to which bars are added one by one. Made by `open_stream` and `restore_stream`.

    Every value has the bits that `compute` gives for the whole series with the same gap policy. A bar is given as a
    mapping of the oscillator's inputs to numbers: one each, or an array of one a column when the stream was opened with
    a number of symbols. NaN and infinity are missing values. Nothing changes when a bar is refused. Not for use by
    several threads at once.

    Attributes
    ----------
    entry
        The oscillator.
    params
        The complete parameters.
    symbols
        Number of columns; None for a single one without an axis.
    gap_policy, max_gap_bars
        As the stream was opened.
    convention
        The convention of the formula: the one that was asked for where the oscillator differs in it, else ``talib``.
    bars
        Bars so far, with those that were missing or skipped.
    columns
        Number of columns, as a number in any case.
    warm
        Whether every kernel has been called by this stream, so that none has to be compiled for the next bar.
    lookback
        Bars that a column has before its first value.
    """

    def __init__(self, opening: Opening) -> None:
        self.entry = entry = opening.entry
        self.params: dict[str, Value] = dict(zip(entry.param_names, opening.window, strict=True))
        self.symbols = opening.symbols
        self.gap_policy = opening.policy
        self.max_gap_bars = opening.max_gap_bars
        self.convention = entry.convention.value
        self.bars = 0
        self.columns = 1 if opening.symbols is None else opening.symbols
        self._layout = layout_of(entry, opening.window)
        self.lookback = self._layout.lookback
        recursive = self._layout.program.recursive
        self._rules = Rules(self._layout, len(entry.outputs), opening.policy, opening.max_gap_bars, recursive=recursive)
        self._lanes = self._rules.begin(self.columns)
        self.warm = False
        self._last: _Last | None = None

    def cost(self, frame: Floats | None = None) -> int:
        """Return about how many numbers a bar, (inputs, columns), touches; None is one that all columns miss.

        A bar with a gap, or after one, copies what is kept, several times and in pieces.
        """
        steps, rows = len(self._layout.program.steps), self._layout.rows
        gapless = frame is not None and self._lanes.settled and _kernels.all_finite(frame.reshape(-1))
        return self.columns * (steps if gapless else steps + 10 * rows)

    @property
    def snapshot_bytes(self) -> int:
        """About how many bytes a snapshot takes."""
        return snapshots.snapshot_bytes(self._layout, self.columns)

    def update(self, bar: Mapping[str, ArrayLike]) -> dict[str, Any]:
        """Add a finished bar and return every output at it by name; NaN before the first value and in a gap.

        Raises
        ------
        InputError
            Its subclass says what is wrong with the bar: `UnknownNameError`, `ShapeMismatchError`, `NotFiniteError` (a
            missing value under the gap policy strict).
        """
        return self._named(self.update_frame(self._read(bar)))

    def peek(self, bar: Mapping[str, ArrayLike]) -> dict[str, Any]:
        """Return what `update` would, and add nothing: the value of a bar that is still forming."""
        return self._named(self.peek_frame(self._read(bar)))

    def replace_last(self, bar: Mapping[str, ArrayLike]) -> dict[str, Any]:
        """Take the last bar back and add this one. Raises as `update` does, and `InputError` where there is none."""
        return self._named(self.replace_last_frame(self._read(bar)))

    def update_frame(self, frame: Floats) -> Floats:
        """Add a bar given as (inputs, columns); return (outputs, columns)."""
        return self._add(frame, self._valid(frame))

    def peek_frame(self, frame: Floats) -> Floats:
        """Peek at a bar given as (inputs, columns); return (outputs, columns)."""
        return self._try(frame, self._valid(frame), peek=True)[1]

    def replace_last_frame(self, frame: Floats) -> Floats:
        """Replace the last bar by one given as (inputs, columns); return (outputs, columns)."""
        last = self._last
        if last is None:
            raise InputError("replace_last", "sent before any bar", "preceded by a bar that it replaces")
        valid = self._valid(frame)
        self._lanes = last.added.undo()
        self.bars -= 1
        return self._add(frame, valid)

    def skip(self, bars: int = 1) -> None:
        """Pass over bars: each is a bar of which every column misses its inputs, and the gap policy says what follows.

        Raises
        ------
        InputError
            For less than one bar, or under the gap policy strict.
        """
        if self.gap_policy is GapPolicy.STRICT:
            raise InputError("skip", f"{bars} bars", "left out: under the gap policy strict no bar may be missing")
        if not 1 <= bars <= SKIP_MAX:
            raise InputError("skip", f"{bars} bars", f"1 to {SKIP_MAX} bars")
        if bars > 1:
            self._lanes = self._rules.miss(self._lanes, bars - 1).after
        added = self._rules.miss(self._lanes, 1)
        self._lanes, self._last = added.after, _Last(added, None)
        self.bars += bars

    def snapshot(self) -> bytes:
        """Return the state as bytes, for `restore_stream` in any process.

        Examples
        --------
        >>> from riskwave.compute.oscillators import open_stream, restore_stream
        >>> stream = open_stream("RSI", {"timeperiod": 2})
        >>> _ = [stream.update({"close": price}) for price in (44.0, 45.0, 44.5)]
        >>> saved = stream.snapshot()
        >>> restore_stream(saved).update({"close": 46.0}) == stream.update({"close": 46.0})
        True
        """
        last = self._last
        if last is None:
            before, groups, kind = self._lanes, [], "none"
        else:
            before, groups = last.added.before, last.added.groups_before()
            kind = "missed" if last.frame is None else "bar"
        header = snapshots.Header(
            indicator=self.entry.name,
            params=self.params,
            convention=self.convention,
            gap_policy=str(self.gap_policy),
            max_gap_bars=self.max_gap_bars,
            symbols=self.symbols,
            bars=self.bars - (last is not None),
            last=kind,
            layout=self._layout.fingerprint,
            group_sizes=[columns.size for columns, *_ in groups],
            group_bars=[bars for _, bars, *_ in groups],
        )
        return snapshots.pack(
            header, snapshots.Saved(before.missing, before.dead, groups, None if last is None else last.frame)
        )

    def resume(self, data: bytes, header: snapshots.Header) -> None:
        """Take over the state of a snapshot."""
        saved = snapshots.unpack_body(data, header, self._layout)
        groups = tuple(
            Columns.group(columns, Engine(self._layout, columns.size, bars, state, history), self.columns)
            for columns, bars, state, history in saved.groups
        )
        self._lanes = Columns.make(groups, saved.missing, saved.dead)
        self.bars = header.bars
        if header.last == "missed":
            self.skip(1)
        elif saved.frame is not None:
            self.update_frame(saved.frame)

    def _add(self, frame: Floats, valid: NDArray[np.bool_] | None) -> Floats:
        added, values = self._try(frame, valid, peek=False)
        self._lanes, self._last = added.after, _Last(added, frame)
        self.bars += 1
        if not self.warm:
            self.warm = any(group.engine.bars > self._layout.steady_bar for group in self._lanes.groups)
        return values

    def _try(self, frame: Floats, valid: NDArray[np.bool_] | None, *, peek: bool) -> tuple[Added, Floats]:
        if valid is None:
            return self._rules.add_gapless(self._lanes, frame, peek=peek)
        return self._rules.add(self._lanes, frame, valid, peek=peek)

    def _valid(self, frame: Floats) -> NDArray[np.bool_] | None:
        """Return which columns have all inputs, or None for all. Under the policy strict, refuse others."""
        if _kernels.all_finite(frame.reshape(-1)):
            return None
        finite: NDArray[np.bool_] = np.isfinite(frame)
        if self.gap_policy is GapPolicy.STRICT:
            first, column = np.argwhere(~finite)[0]
            where = "" if self.symbols is None else f" in column {column}"
            raise NotFiniteError(
                f"bar.{self.entry.inputs[first]}",
                f"{frame[first, column]}{where}",
                "finite under the gap policy strict",
            )
        valid: NDArray[np.bool_] = finite[0]
        for row in finite[1:]:
            valid = valid & row
        return valid

    def _read(self, bar: Mapping[str, ArrayLike]) -> Floats:
        """Return a bar as (inputs, columns)."""
        inputs = self.entry.inputs
        for label in bar:
            if label not in inputs:
                raise UnknownNameError("bar", label, inputs)
        frame = np.empty((len(inputs), self.columns))
        wanted = () if self.symbols is None else (self.symbols,)
        for row, label in enumerate(inputs):
            if label not in bar:
                raise InputError(f"bar.{label}", "missing", f"given: {self.entry.name} needs {', '.join(inputs)}")
            values = np.asarray(bar[label])
            if values.dtype.kind not in "fiu":
                raise InputError(f"bar.{label}", f"of type {values.dtype}", "real numbers")
            if values.shape != wanted:
                allowed = f"of shape {wanted}, one number a column" if wanted else "one number"
                raise ShapeMismatchError(f"bar.{label}", f"of shape {values.shape}", allowed)
            frame[row] = values
        return frame

    def _named(self, values: Floats) -> dict[str, Any]:
        if self.symbols is None:
            return dict(zip(self.entry.outputs, values[:, 0].tolist(), strict=True))
        return dict(zip(self.entry.outputs, values, strict=True))
