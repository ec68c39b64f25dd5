"""The columns of a stream: which of them have a state, and what a bar or a gap does to each under the gap policy.

Kernels take columns side by side that have had the same number of bars. Columns are therefore kept in groups, one
engine each: a column that misses a bar falls behind and changes its group. A bar that changes no group is added in
place; one that does makes new groups and leaves the old ones as they are, so that it can be taken back. Once no kernel
asks any more how many bars it has had, columns come together again whatever they missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.oscillators._gaps import GapPolicy
from riskwave.compute.oscillators._stream_engine import Engine, joined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.oscillators._gaps import Bools
    from riskwave.compute.oscillators._program import Floats
    from riskwave.compute.oscillators._stream_engine import Layout


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that have had the same number of bars, and their engine. `whole`: they are all columns, in order."""

    columns: NDArray[np.intp]
    engine: Engine
    whole: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns of a stream; never changed but for what the engines hold.

    Attributes
    ----------
    groups
        Those that have a state.
    missing
        For each column that has a state, how many bars it has missed since its last.
    dead
        Whether a column has no value any more, whatever comes.
    idle
        How many columns have no state and may get one.
    in_gap
        Whether a column of a group has missed its last bar.
    """

    groups: tuple[Group, ...]
    missing: NDArray[np.int64]
    dead: Bools
    idle: int
    in_gap: bool

    @property
    def settled(self) -> bool:
        """Whether a bar that every column has changes no group."""
        return not (self.idle or self.in_gap)

    @staticmethod
    def make(groups: tuple[Group, ...], missing: NDArray[np.int64], dead: Bools) -> Columns:
        """Return columns in these groups."""
        grouped = np.zeros(dead.size, dtype=bool)
        for group in groups:
            grouped[group.columns] = True
        idle = int(np.count_nonzero(~grouped & ~dead))
        return Columns(groups, missing, dead, idle, bool(missing[grouped].any()))

    @staticmethod
    def group(columns: NDArray[np.intp], engine: Engine, count: int) -> Group:
        """Return a group of a stream of `count` columns."""
        whole = columns.size == count and bool((columns == np.arange(count)).all())
        return Group(columns, engine, whole)


@dataclass(frozen=True, slots=True)
class Added:
    """What a bar made of the columns.

    Attributes
    ----------
    before, after
        The columns.
    in_place
        For each group whether its engine has the bar. None when `after` has engines of its own.
    """

    before: Columns
    after: Columns
    in_place: tuple[bool, ...] | None

    def undo(self) -> Columns:
        """Return the columns as they were before."""
        for group, has_bar in zip(self.before.groups, self.in_place or (), strict=False):
            if has_bar:
                group.engine.undo()
        return self.before

    def groups_before(self) -> list[tuple[NDArray[np.intp], int, Floats, list[Floats]]]:
        """Return of each group before the bar: its columns, its number of bars, its state and its history."""
        flags = self.in_place or (False,) * len(self.before.groups)
        return [
            (group.columns, group.engine.bars - has_bar, *group.engine.contents(undone=has_bar))
            for group, has_bar in zip(self.before.groups, flags, strict=True)
        ]


class Rules:
    """What bars and gaps do under one gap policy.

    Parameters
    ----------
    layout
        Of the program.
    output_count
        Number of outputs.
    policy, max_gap_bars
        As in `compute`.
    recursive
        Whether a value depends on all that went before.
    """

    def __init__(
        self, layout: Layout, output_count: int, policy: GapPolicy, max_gap_bars: int, *, recursive: bool
    ) -> None:
        self._layout = layout
        self._output_count = output_count
        self._longest = 0 if policy is not GapPolicy.HOLD else max_gap_bars or np.iinfo(np.int64).max
        self._dies = policy is GapPolicy.TAINT and recursive

    def begin(self, count: int) -> Columns:
        """Return columns that have had nothing."""
        return Columns.make((), np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool))

    def add_gapless(self, columns: Columns, frame: Floats, *, peek: bool) -> tuple[Added, Floats]:
        """Add a bar of which every column has its inputs."""
        if not columns.settled:
            return self.add(columns, frame, np.ones(columns.dead.size, dtype=bool), peek=peek)
        groups = columns.groups
        if len(groups) == 1 and groups[0].whole:
            engine = groups[0].engine
            return Added(columns, columns, (True,)), (engine.peek if peek else engine.advance)(frame)
        return Added(columns, columns, (True,) * len(groups)), self._advance(
            columns, (True,) * len(groups), frame, peek=peek
        )

    def add(self, columns: Columns, frame: Floats, valid: Bools, *, peek: bool) -> tuple[Added, Floats]:
        """Add a bar, (inputs, columns), that only the `valid` columns have. With `peek`, leave all as it was."""
        missing, dead, leaving = self._settle(columns, valid, 1)
        running = valid & ~dead
        flags = tuple(bool(running[group.columns[0]]) for group in columns.groups)
        uniform = all(
            bool((running[group.columns] == flag).all()) and not leaving[group.columns].any()
            for group, flag in zip(columns.groups, flags, strict=True)
        )
        if uniform and not (columns.idle and self._entering(columns, running).size):
            values = self._advance(columns, flags, frame, peek=peek)
            return Added(columns, Columns.make(columns.groups, missing, dead), flags), values
        groups, values = self._regroup(columns, frame, running, leaving)
        return Added(columns, Columns.make(groups, missing, dead), None), values

    def miss(self, columns: Columns, bars: int) -> Added:
        """Let every column miss `bars` bars."""
        missing, dead, leaving = self._settle(columns, np.zeros(columns.dead.size, dtype=bool), bars)
        if not leaving.any():
            after = Columns.make(columns.groups, missing, dead)
            return Added(columns, after, (False,) * len(columns.groups))
        frame = np.empty((len(self._layout.program.inputs), dead.size))
        groups, _ = self._regroup(columns, frame, np.zeros(dead.size, dtype=bool), leaving)
        return Added(columns, Columns.make(groups, missing, dead), None)

    def _settle(self, columns: Columns, valid: Bools, bars: int) -> tuple[NDArray[np.int64], Bools, Bools]:
        """Return the bars missed since the last, who is dead, and who loses its state."""
        missing = np.zeros(valid.size, dtype=np.int64)
        leaving = np.zeros(valid.size, dtype=bool)
        for group in columns.groups:
            missed = np.where(valid[group.columns], 0, columns.missing[group.columns] + bars)
            leaving[group.columns] = missed > self._longest
            missing[group.columns] = np.where(missed > self._longest, 0, missed)
        return missing, columns.dead | leaving if self._dies else columns.dead, leaving

    def _entering(self, columns: Columns, running: Bools) -> NDArray[np.intp]:
        """Return the columns that begin with this bar."""
        fresh = running.copy()
        for group in columns.groups:
            fresh[group.columns] = False
        return np.flatnonzero(fresh)

    def _advance(self, columns: Columns, flags: tuple[bool, ...], frame: Floats, *, peek: bool) -> Floats:
        """Add the bar to the groups whose flag is set, in place."""
        values = np.full((self._output_count, columns.dead.size), np.nan)
        for group, flag in zip(columns.groups, flags, strict=True):
            if flag:
                part = frame[:, group.columns]
                values[:, group.columns] = (group.engine.peek if peek else group.engine.advance)(part)
        return values

    def _regroup(
        self, columns: Columns, frame: Floats, running: Bools, leaving: Bools
    ) -> tuple[tuple[Group, ...], Floats]:
        """Add the bar to the columns that are running; return new groups, and the values."""
        values = np.full((self._output_count, running.size), np.nan)
        parts: dict[int, list[tuple[NDArray[np.intp], Engine]]] = {}

        def put(members: NDArray[np.intp], engine: Engine, *, runs: bool) -> None:
            if runs:
                values[:, members] = engine.advance(frame[:, members])
            parts.setdefault(min(engine.bars, self._layout.settled_bar), []).append((members, engine))

        for group in columns.groups:
            runs = running[group.columns]
            stays = ~runs & ~leaving[group.columns]
            for lanes, has_bar in ((np.flatnonzero(runs), True), (np.flatnonzero(stays), False)):
                if lanes.size:
                    put(group.columns[lanes], group.engine.kept(lanes), runs=has_bar)
        entering = self._entering(columns, running)
        if entering.size:
            put(entering, Engine(self._layout, entering.size), runs=True)
        groups = []
        for members in parts.values():
            together = np.concatenate([each for each, _ in members])
            order = np.argsort(together)
            engine = joined([engine for _, engine in members])
            ordered = engine if len(members) == 1 else engine.kept(order)
            groups.append(Columns.group(together[order], ordered, running.size))
        return tuple(groups), values
