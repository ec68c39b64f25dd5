"""Runs the windows of a valid request over its bars: whole where there is no gap, else in pieces without any."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.oscillators._chains import ChainRun, chain_of
from riskwave.compute.oscillators._eights import LANES
from riskwave.compute.oscillators._fusion_run import Spent, run_fused, whole_fusion
from riskwave.compute.oscillators._gaps import GapPolicy, Rows, finite, gap_warning, readable_in_place, series_of
from riskwave.compute.oscillators._panel_chains import ColumnRun
from riskwave.compute.oscillators._program import BLOCK_VALUES, Run
from riskwave.compute.oscillators._request import Checkpoint, Floats, Request, gap_error
from riskwave.compute.oscillators._windows import WindowRun, window_chain_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from riskwave.compute.oscillators._schedule import Program

WINDOWS_AT_ONCE = 32  # what they share is computed once, and their working arrays still fit the cache
# Recursions share little, and the averages over long windows run side by side only in long blocks.
RECURSIVE_WINDOWS_AT_ONCE, RECURSIVE_BLOCK_FACTOR = 16, 4
LANES_AT_ONCE = 1024  # columns with gaps that are packed side by side


def known_gapless(request: Request, checkpoint: Checkpoint | None) -> bool | None:
    """Return whether every input is finite; None to find out on the way, block by block.

    That spares a pass over the inputs. If there is a gap after all, what was computed so far is thrown away: of one
    window that is less work than the gaps make, of many it might be more.
    """
    strict = request.policy is GapPolicy.STRICT
    if len(request.windows) == 1 and not strict:
        return None
    gapless = [_gapless(panel, checkpoint) for panel in request.panels]
    if strict and not all(gapless):
        raise gap_error(request, gapless)
    return all(gapless)


def run_windows(
    request: Request, outputs: Sequence[Floats], gapless: bool | None, checkpoint: Checkpoint | None
) -> tuple[str, ...]:
    """Write each output, as (windows, bars, lanes), and return the warnings."""
    panels, windows = list(request.panels), request.windows
    warnings: tuple[str, ...] = ()
    recursive = len(windows) > 1 and request.entry.program(windows[:1]).recursive
    if recursive and gapless and _run_side_by_side(request, outputs, checkpoint):
        return ()
    groups = -(-len(windows) // (RECURSIVE_WINDOWS_AT_ONCE if recursive else WINDOWS_AT_ONCE))
    at_once = -(-len(windows) // groups)  # of a few that are left over, what all share would be the most
    block_factor = RECURSIVE_BLOCK_FACTOR if recursive and panels[0].shape[1] == 1 else 1
    for at in range(0, len(windows), at_once):
        part = range(at, min(at + at_once, len(windows)))
        program = request.entry.program(windows[part.start : part.stop])
        targets = [output[window] for window in part for output in outputs]
        if gapless is not False:
            check_finite = gapless is None
            gapless = _run_whole(
                program, panels, targets, checkpoint, check_finite=check_finite, block_factor=block_factor
            )
        if gapless:
            show_back(replace(request, windows=windows[part.start : part.stop]), targets)
        for alike in () if gapless else _tainted_alike(request, part):
            here = replace(request, windows=tuple([windows[window] for window in alike]))
            targets = [output[window] for window in alike for output in outputs]
            warnings = _run_gaps(request.entry.program(here.windows), panels, targets, here, checkpoint)
    return warnings


def _run_side_by_side(request: Request, outputs: Sequence[Floats], checkpoint: Checkpoint | None) -> bool:
    """Compute a sweep over a gapless single series eight windows at a time; return False if that isn't possible."""
    panels, windows = request.panels, request.windows
    if panels[0].shape[1] != 1 or request.entry.looks_ahead or not all(map(readable_in_place, panels)):
        return False
    # None but the last has a number of windows that eight does not divide, and that one has eight at least.
    edges = [*range(0, max(1, len(windows) - LANES + 1), WINDOWS_AT_ONCE), len(windows)]
    runs = []
    for low, high in pairwise(edges):
        chain = window_chain_of(request.entry, tuple(windows[low:high]))
        if chain is None or not WindowRun(chain, checkpoint=checkpoint).pays(panels[0].shape[0]):
            return False
        runs.append(WindowRun(chain, checkpoint=checkpoint))
    for run, (low, high) in zip(runs, pairwise(edges), strict=True):
        run.advance(panels, [output[low:high] for output in outputs])
    return True


def show_back(request: Request, targets: Sequence[Floats]) -> None:
    """Move the values of an oscillator that looks ahead to the bars that they are about."""
    if request.entry.looks_ahead:
        for target, ahead in zip(targets, request.ahead_bars, strict=True):
            target[: len(target) - ahead] = target[ahead:]
            target[len(target) - ahead :] = np.nan


def _tainted_alike(request: Request, part: range) -> list[list[int]]:
    """Return the windows of a part of a sweep, those together that go on alike after a gap.

    A window of one bar makes of some recursions a copy, which a gap does not end under the policy taint.
    """
    if request.policy is not GapPolicy.TAINT:
        return [list(part)]
    groups: dict[bool, list[int]] = {}
    for window in part:
        groups.setdefault(request.entry.program((request.windows[window],)).recursive, []).append(window)
    return list(groups.values())


def _gapless(panel: NDArray[np.generic], checkpoint: Checkpoint | None = None) -> bool:
    """Return whether every number of `panel` is finite."""
    if panel.dtype.kind in "iu":
        return True
    rows = max(1, 64 * BLOCK_VALUES // panel.shape[1])
    for at in range(0, panel.shape[0], rows):
        if checkpoint is not None:
            checkpoint()
        if not finite(panel[at : at + rows]):
            return False
    return True


def _run_whole(
    program: Program,
    panels: Sequence[NDArray[np.generic]],
    targets: Sequence[Floats],
    checkpoint: Checkpoint | None,
    *,
    check_finite: bool = False,
    block_factor: int = 1,
) -> bool:
    """Run over whole panels; return False, with outputs that mean nothing, if they were to be finite and are not."""
    fusion = whole_fusion(program, panels, check_finite=check_finite)
    if fusion is not None:
        done = run_fused(program, fusion, panels, targets, checkpoint, check_finite=check_finite)
        if done is not None:
            return done
    absorbed = program.absorbed() if check_finite else frozenset[int]()
    early = program.steady_bar + 1
    if not all(finite(panels[number][:early]) for number in absorbed):
        return False
    checked = [number for number in range(len(panels)) if number not in absorbed] if check_finite else ()
    bars, lanes = panels[0].shape
    run: Run | ChainRun | ColumnRun | None = None
    # Both write to eight places or more at once for each output: several outputs are faster step by step.
    single = len(targets) == 1 and all(map(readable_in_place, panels))
    chain = chain_of(program) if single else None
    if chain is not None:
        run = (
            ChainRun(program, chain, checked=checked, checkpoint=checkpoint)
            if lanes == 1
            else ColumnRun(program, chain, lanes, checked=checked, checkpoint=checkpoint)
        )
        run = run if run.pays(bars) else None
    if run is None:
        fuse = fusion is None
        run = Run(
            program, lanes, whole=True, checkpoint=checkpoint, checked=checked, block_factor=block_factor, fuse=fuse
        )
    with Spent(fusion):
        done = run.advance(panels, targets)
    if not done:
        return False
    # Finite prices can overflow in the state, so it only says when to look.
    return not absorbed or run.finite_state() or all(_gapless(panel, checkpoint) for panel in panels)


def _run_gaps(
    program: Program,
    panels: list[NDArray[np.generic]],
    targets: list[Floats],
    request: Request,
    checkpoint: Checkpoint | None,
) -> tuple[str, ...]:
    """Run each gapless series on its own, many side by side; return the warnings."""
    valid = np.isfinite(panels[0])
    for panel in panels[1:]:
        valid &= np.isfinite(panel)
    for target in targets:
        target.fill(np.nan)
    pieces: list[tuple[int, Rows]] = []
    for column in range(valid.shape[1]):
        pieces.extend(
            (column, rows)
            for rows in series_of(valid[:, column], request.policy, request.max_gap_bars, recursive=program.recursive)
            if rows.size > min(program.lookbacks)
        )
    # Series of like length side by side waste least of the rectangle that holds them.
    pieces.sort(key=lambda piece: piece[1].size)
    for at in range(0, len(pieces), LANES_AT_ONCE):
        _run_packed(program, panels, targets, pieces[at : at + LANES_AT_ONCE], request.ahead_bars, checkpoint)
    return (gap_warning(valid, request.policy),)


def _run_packed(
    program: Program,
    panels: list[NDArray[np.generic]],
    targets: list[Floats],
    pieces: list[tuple[int, Rows]],
    ahead_bars: Sequence[int],
    checkpoint: Checkpoint | None,
) -> None:
    """Run series of unequal length as the columns of one panel, filled up at the end with numbers nobody reads."""
    longest = max(rows.size for _, rows in pieces)
    packed = [np.ones((longest, len(pieces))) for _ in panels]
    for lane, (column, rows) in enumerate(pieces):
        for source, target in zip(panels, packed, strict=True):
            target[: rows.size, lane] = source[rows, column]
        if checkpoint is not None:
            checkpoint()
    results = [np.empty((longest, len(pieces))) for _ in targets]
    _run_whole(program, packed, results, checkpoint)
    for lane, (column, rows) in enumerate(pieces):
        for result, final, ahead in zip(results, targets, ahead_bars, strict=True):
            values = result[ahead : rows.size, lane]
            final[rows[: len(values)], column] = values
        if checkpoint is not None:
            checkpoint()
