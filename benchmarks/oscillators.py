"""Oscillators beside TA-Lib 0.8.2 and ta-lib-takt 0.8.2: nanoseconds per bar and ratios.

    python benchmarks/oscillators.py                      # the 47 momentum functions on one series
    python benchmarks/oscillators.py RSI MACD STOCH       # these only
    python benchmarks/oscillators.py --panel              # panels; --sweep: many windows; --live: streams
    python benchmarks/oscillators.py --install-peers      # ta-lib-takt, once, into an environment of its own

ta-lib-takt has TA-Lib's import name, so that it needs an environment of its own: its interpreter times the same bars in
between. What is used often gets machine code of its own in the background, so that each of our calls is made for half a
second before it is timed: the times are those of the second and later requests.

One series: all sides compute all outputs of the same arrays. Panel: TA-Lib is called for one contiguous column after
the other, which costs it no copy. Sweep: TA-Lib is called for one window after the other, of all functions whose first
parameter is a number of bars that both sides name alike. Every figure is the least
processor time of the calling thread over several rounds in which the sides take turns: nobody uses a second thread, and
the time that other programs take on a busy machine does not count.

A panel and a sweep return everything, so that the loops keep all their results, too. New memory is a good part of what
that costs them, so that the sweep's loop is timed once more without. And because one call can use all cores where a
loop does not, the sweep is timed so as well, elapsed time on both sides.
"""

from __future__ import annotations

import argparse
import math
import os
import pickle
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import talib
from _peer_env import environment, install_peers
from talib import abstract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from riskwave.compute.oscillators import Oscillator

Bars = dict[str, np.ndarray]
Peer = tuple[str, dict[str, str]]

PANEL_BARS, PANEL_SYMBOLS = 5_000, 500
SWEEP_BARS, SWEEP_WINDOWS = 100_000, list(range(2, 101))
LIVE_FRAMES, LIVE_SYMBOLS = 10_000, 500
SETTLING_S = 0.5
LIVE_NAMES = ("RSI", "MACD", "STOCH", "ADX", "CCI", "WILLR", "MFI", "EMA")


def make_bars(shape: tuple[int, ...]) -> Bars:
    """Return positive prices and volumes."""
    rng = np.random.default_rng(0)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.002, shape), axis=0))
    open_ = close * np.exp(rng.normal(0.0, 0.001, shape))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.001, shape)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.001, shape)))
    return {"open": open_, "high": high, "low": low, "close": close, "volume": rng.lognormal(8.0, 1.0, shape)}


def timed(call: Callable[[], object]) -> float:
    """Return the processor time of a call, in seconds."""
    begin = time.thread_time()
    call()
    return time.thread_time() - begin


def best_of(calls: list[Callable[[], float]], rounds: int) -> list[float]:
    """Return the shortest time of each; each call returns its own."""
    shortest = [math.inf] * len(calls)
    for _ in range(rounds):
        for side, call in enumerate(calls):
            shortest[side] = min(shortest[side], call())
    return shortest


def peer_of(entry: Oscillator) -> Peer:
    """Return the name of TA-Lib's function, and what it must be told about its input."""
    single = "price" in abstract.Function(entry.peer).input_names and len(entry.inputs) == 1
    return entry.peer, {"price": entry.inputs[0]} if single else {}


def peer_call(peer: Peer, bars: Bars) -> Callable[..., object]:
    """Return TA-Lib's function of the parameters alone."""
    function, keywords = abstract.Function(peer[0]), peer[1]
    return lambda **params: function(bars, **params, **keywords)


def our_call(
    entry: Oscillator, bars: Bars, params: dict[str, object] | None = None, threads: int = 1
) -> Callable[[], object]:
    """Return our computation with everything given."""
    from riskwave.compute.oscillators import compute

    inputs = {name: bars[name] for name in entry.inputs}
    return lambda: compute(entry.name, inputs, params, threads=threads)


def answer_requests(bar_count: int) -> None:
    """Time functions by name until there are no more: what this file does in ta-lib-takt's environment."""
    bars = make_bars((bar_count,))
    while True:
        peer: Peer = pickle.load(sys.stdin.buffer)
        if not peer[0]:
            return
        pickle.dump(timed(peer_call(peer, bars)), sys.stdout.buffer)
        sys.stdout.buffer.flush()


@contextmanager
def takt(python: str, bar_count: int) -> Iterator[Callable[[Peer], float] | None]:
    """Start ta-lib-takt in its environment; give the function that times one of its functions there."""
    if not python:
        yield None
        return
    command = [python, str(Path(__file__).resolve()), "--answer", "--bars", str(bar_count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, answers = process.stdin, process.stdout

        def ask(peer: Peer) -> float:
            pickle.dump(peer, requests)
            requests.flush()
            answer: float = pickle.load(answers)
            return answer

        yield ask
        pickle.dump(("", {}), requests)


def settled(call: Callable[[], object]) -> Callable[[], object]:
    """Return a call after it was made for a while: what is used often gets code of its own in the background."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < SETTLING_S:
        call()
    return call


def report(label: str, times_s: list[float], values: int) -> list[float]:
    """Print one line and return the ratios of the first to the others."""
    ratios = [times_s[0] / theirs_s for theirs_s in times_s[1:]]
    numbers = "".join(f"{seconds / values * 1e9:10.2f}" for seconds in times_s)
    print(f"{label:16s}{numbers}{''.join(f'{ratio:10.2f}' for ratio in ratios)}")
    return ratios


def summarize(labels: list[str], ratios: list[list[float]], peers: list[str]) -> None:
    """Print the geometric mean and the worst of the ratios to each peer."""
    for side, peer in enumerate(peers):
        of_peer = [each[side] for each in ratios]
        mean = math.exp(sum(map(math.log, of_peer)) / len(of_peer))
        worst = max(range(len(of_peer)), key=of_peer.__getitem__)
        above = sum(ratio > 1.2 for ratio in of_peer)
        print(
            f"to {peer}: geometric mean {mean:.2f} of {len(of_peer)}; largest {of_peer[worst]:.2f} ({labels[worst]}); "
            f"{above} above 1.2"
        )


def print_floor(bar_count: int, rounds: int) -> None:
    """Print what nothing can beat: new memory that is written, memory that is read, divisions, and a bare average."""
    from riskwave.compute.oscillators import _kernels, _recursions

    source, near = np.ones(bar_count), np.ones(4096)
    target, long = np.empty(near.size), make_bars((30_000,))["close"]
    average = np.empty(long.size)
    calls: dict[str, tuple[Callable[[], object], int]] = {
        "a new array filled": (lambda: np.empty(bar_count).fill(1.0), bar_count),
        "a copy into a new array": (source.copy, bar_count),
        "an input looked through for gaps": (lambda: _kernels.all_finite(source), bar_count),
        "a division in the cache": (lambda: [np.divide(near, near, out=target) for _ in range(50)], 50 * near.size),
        "an exponential average in the cache": (
            lambda: [_recursions.ema_chain(long, 0.125, 0, 0.0, average) for _ in range(20)],
            20 * long.size,
        ),
    }
    times_s = best_of([lambda call=call: timed(call) for call, _ in calls.values()], rounds)
    parts = [f"{label} {s / n * 1e9:.2f}" for s, (label, (_, n)) in zip(times_s, calls.items(), strict=True)]
    print(f"floor, ns per value: {', '.join(parts)}")


def run_series(entries: list[Oscillator], bar_count: int, rounds: int, takt_python: str) -> None:
    """Compare on one series."""
    bars = make_bars((bar_count,))
    peers = ["TA-Lib", *(["takt"] if takt_python else [])]
    heads = ["riskwave", *peers, *(f"/ {peer}" for peer in peers)]
    print(f"\none series of {bar_count} bars: ns per bar\n{'':16s}{''.join(f'{head:>10s}' for head in heads)}")
    ratios = []
    with takt(takt_python, bar_count) as ask:
        for entry in entries:
            peer = peer_of(entry)
            ours, theirs = settled(our_call(entry, bars)), peer_call(peer, bars)
            calls = [lambda ours=ours: timed(ours), lambda theirs=theirs: timed(theirs)]
            if ask is not None:
                calls.append(lambda peer=peer: ask(peer))
            ratios.append(report(entry.name, best_of(calls, rounds), bar_count))
    summarize([entry.name for entry in entries], ratios, peers)


def print_output_floor(values: int, rounds: int) -> None:
    """Print what one output takes at least: memory of its size written, and a copy of numbers that lie in the cache."""
    from riskwave.compute.oscillators._memory import empty

    near = np.ones(1_000)

    def copied() -> None:
        empty((values // near.size, near.size))[:] = near

    times_s = best_of([lambda: timed(lambda: empty((values,)).fill(1.0)), lambda: timed(copied)], max(rounds, 5))
    labels = ("filled", "copied from the cache")
    parts = [f"{label} {s / values * 1e9:.2f}" for label, s in zip(labels, times_s, strict=True)]
    print(f"floor, ns per value of each output: {', '.join(parts)}")


def run_panel(entries: list[Oscillator], rounds: int) -> None:
    """Compare on a panel, against a loop over its columns."""
    panel = make_bars((PANEL_BARS, PANEL_SYMBOLS))
    columns = [{name: np.ascontiguousarray(v[:, i]) for name, v in panel.items()} for i in range(PANEL_SYMBOLS)]
    print(f"\npanel of {PANEL_BARS} bars and {PANEL_SYMBOLS} symbols, one thread: ns per bar and symbol")
    print_output_floor(PANEL_BARS * PANEL_SYMBOLS, rounds)
    ratios = []
    for entry in entries:
        calls = [peer_call(peer_of(entry), column) for column in columns]
        ours = settled(our_call(entry, panel))
        both = [lambda ours=ours: timed(ours), lambda calls=calls: timed(lambda: [call() for call in calls])]
        ratios.append(report(entry.name, best_of(both, rounds), PANEL_BARS * PANEL_SYMBOLS))
    summarize([entry.name for entry in entries], ratios, ["TA-Lib"])


def run_sweep(entries: list[Oscillator], rounds: int) -> None:
    """Compare over many windows, against a loop over them that keeps its results as we do, and one that drops them."""
    bars, cores = make_bars((SWEEP_BARS,)), len(os.sched_getaffinity(0))
    print(f"\n{len(SWEEP_WINDOWS)} windows over {SWEEP_BARS} bars: ns per bar and window")
    print_output_floor(SWEEP_BARS * len(SWEEP_WINDOWS), rounds)
    heads = ["riskwave", "kept", "dropped", f"x{cores} elaps.", "drop. el.", "/ kept", "/ dropped", f"x{cores} / dr."]
    print(f"{'':16s}{''.join(f'{head:>11s}' for head in heads)}")
    ratios = []
    for entry in entries:
        swept = entry.params[0].name
        windows = [window for window in SWEEP_WINDOWS if window >= entry.params[0].low]
        ours, shared = [settled(our_call(entry, bars, {swept: windows}, threads)) for threads in (1, cores)]
        theirs = peer_call(peer_of(entry), bars)

        def kept(call: Callable[..., object] = theirs, windows: list[int] = windows, name: str = swept) -> object:
            return [call(**{name: window}) for window in windows]

        def dropped(call: Callable[..., object] = theirs, windows: list[int] = windows, name: str = swept) -> None:
            for window in windows:
                call(**{name: window})

        sides = [(timed, ours), (timed, kept), (timed, dropped), (timed_wall, shared), (timed_wall, dropped)]
        times_s = best_of([partial(clock, call) for clock, call in sides], rounds)
        ratios.append([times_s[0] / times_s[1], times_s[0] / times_s[2], times_s[3] / times_s[4]])
        numbers = [f"{seconds / (SWEEP_BARS * len(windows)) * 1e9:11.2f}" for seconds in times_s]
        print(f"{entry.name:16s}{''.join(numbers)}{''.join(f'{ratio:11.2f}' for ratio in ratios[-1])}", flush=True)
    against = ["TA-Lib, results kept", "TA-Lib, results dropped", f"the same, our threads {cores}, elapsed"]
    summarize([entry.name for entry in entries], ratios, against)


def sweepable(entry: Oscillator) -> bool:
    """Return whether the first parameter is a number of bars that TA-Lib has by the same name."""
    names = [param.name for param in entry.params[:1]]
    return names[:1] != ["acceleration"] and names[:1] == list(abstract.Function(entry.peer).parameters)[:1] != []


def run_live(entries: list[Oscillator]) -> None:
    """Time frames of many symbols: the stream with all its checks, and the engine alone that it calls."""
    from riskwave.compute.oscillators import open_stream
    from riskwave.compute.oscillators._stream_engine import Engine, layout_of

    bars = make_bars((LIVE_FRAMES, LIVE_SYMBOLS))
    print(f"\n{LIVE_FRAMES} frames of {LIVE_SYMBOLS} symbols, one by one: microseconds per frame, median")
    print(f"{'':16s}{'stream':>10s}{'engine':>10s}")
    for entry in entries:
        stream = open_stream(entry.name, symbols=LIVE_SYMBOLS)
        engine = Engine(layout_of(entry, tuple(entry.defaults().values())), LIVE_SYMBOLS)
        frames = np.stack([bars[name] for name in entry.inputs], axis=1)
        medians = []
        for call in (
            stream.update_frame,
            engine.advance,
        ):
            took = np.array([timed_wall(call, frame) for frame in frames])
            medians.append(float(np.median(took)) * 1e6)
        print(f"{entry.name:16s}{''.join(f'{each:10.1f}' for each in medians)}")


def timed_wall(call: Callable[..., object], *arguments: object) -> float:
    """Return the elapsed time of a call, in seconds: of several threads, or too short for the processor's clock."""
    begin = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - begin


def main() -> None:
    """Run what the command line asks for."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="oscillators; TA-Lib's momentum functions when none is named")
    parser.add_argument("--all", action="store_true", help="every oscillator that TA-Lib has, not momentum alone")
    parser.add_argument("--bars", type=int, default=1_000_000, help="length of the one series")
    parser.add_argument("--rounds", type=int, default=8, help="rounds, of which the best counts")
    parser.add_argument("--install-peers", action="store_true", help="install ta-lib-takt apart, and stop")
    parser.add_argument("--series", action="store_true", help="one series, which is the default")
    parser.add_argument("--panel", action="store_true", help="panels")
    parser.add_argument(
        "--sweep", action="store_true", help="sweeps: apart from panels, whose memory loops would reuse"
    )
    parser.add_argument("--live", action="store_true", help="streams")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer_requests(options.bars)
        return
    if options.install_peers:
        install_peers("ta-lib-takt 0.8.2")
        return
    from riskwave.compute.oscillators import OSCILLATORS, warm_up

    warmed = warm_up()
    print(f"warm-up: {warmed.oscillators} oscillators in {warmed.elapsed_s:.1f} s")
    momentum = set(talib.get_function_groups()["Momentum Indicators"])
    chosen = set(options.names) or {entry.name for entry in OSCILLATORS if options.all or entry.peer in momentum}
    print_floor(options.bars, options.rounds)
    entries = [entry for entry in OSCILLATORS if entry.peer and entry.name in chosen]
    takt_python = environment("ta-lib-takt 0.8.2") / "bin" / "python"
    if options.series or not (options.panel or options.sweep or options.live):
        run_series(entries, options.bars, options.rounds, str(takt_python) if takt_python.exists() else "")
    if options.panel:
        run_panel(entries, 3)
    if options.sweep:
        run_sweep([entry for entry in entries if sweepable(entry)], 5)
    if options.live:
        run_live([OSCILLATORS.get(name) for name in LIVE_NAMES])


if __name__ == "__main__":
    main()
