"""What the indicator calls return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from riskwave._inputs import enum_name
from riskwave._meta import ResultMeta, decode_meta
from riskwave._parameters import ParameterSpec, decode_parameter_specs, optional
from riskwave._results import Grid, Result, format_value, times_of
from riskwave.v1 import codec
from riskwave.v1 import indicator_service_pb2 as pb

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from riskwave.v1.codec import Scalar


@dataclass(frozen=True, slots=True)
class IndicatorSpec(Result):
    """What an indicator is.

    Attributes
    ----------
    name, title, group
        TA-Lib's name, the name in words, and the group, such as momentum.
    inputs
        The inputs that it needs, of open, high, low, close, volume.
    parameters
        Its parameters.
    outputs
        The names of its outputs.
    lookback
        Bars before the first value at default parameters.
    low, high
        Smallest and largest possible value. None means unbounded.
    stability
        How strongly a value depends on where the history starts: exact, running, converging or path_dependent.
    looks_ahead
        True when a value uses later bars.
    doc, reference
        The formula and its conventions, and where it comes from.
    conventions
        The conventions in which it differs from the default.
    streams
        True when `indicators.open` serves it.
    neutral
        The level at which its meaning changes sides, whose crossings can be counted. None where there is none.
    """

    name: str
    title: str
    group: str
    inputs: tuple[str, ...]
    parameters: tuple[ParameterSpec, ...]
    outputs: tuple[str, ...]
    lookback: int
    low: float | None
    high: float | None
    stability: str
    looks_ahead: bool
    doc: str
    reference: str
    conventions: tuple[str, ...]
    streams: bool
    neutral: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class IndicatorResult(Result):
    """The outputs of one indicator.

    Attributes
    ----------
    name, label
        The indicator's name, and the caller's name for this result.
    outputs
        Arrays by name, of the inputs' shape, (bars) or (bars, symbols), led by an axis over the windows in a sweep. NaN
        before the first value and wherever an input was missing. A reducer takes the axis of bars away.
    lookback
        Bars before the first value; in a sweep, one number a window.
    params
        The complete parameters that were used. A list is a sweep.
    convention
        The convention that was used: talib where the indicator is the same in the one that was asked for.
    reducer
        last, crossings or rank, which took the axis of bars away. Empty when every bar is there.
    times
        Time of each bar, datetime64[ns] UTC. None when inline bars carried none.
    symbols
        Names of the columns. Empty when inline bars carried none.
    meta
        About the answer.
    """

    name: str
    label: str
    outputs: Mapping[str, NDArray[np.float64]]
    lookback: int | tuple[int, ...]
    params: Mapping[str, Scalar | list[Scalar]]
    convention: str
    reducer: str
    times: NDArray[np.datetime64] | None
    symbols: tuple[str, ...]
    meta: ResultMeta

    def __getitem__(self, output: str) -> NDArray[np.float64]:
        """Return an output by name."""
        return self.outputs[output]

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a bar (one row in all after a reducer), one column an output, window and symbol.

        The columns have as many levels as differ: output; then the swept parameter's value; then the symbol.
        """
        import pandas as pd

        columns = dict(self.columns())
        bars = max((len(column) for column in columns.values()), default=0)
        index = None
        if self.times is not None and len(self.times) == bars:
            index = pd.DatetimeIndex(self.times, name="time")
        frame = pd.DataFrame(columns, index=index)
        names = self._level_names()
        frame.columns = pd.MultiIndex.from_tuples(list(columns), names=names) if len(names) > 1 else frame.columns
        if len(names) == 1:
            frame.columns = pd.Index([key[0] for key in columns], name=names[0])
        return frame

    def grid(self) -> Grid:
        """Return the last values."""
        keys = dict(self.columns())
        rows = tuple(
            (" ".join(str(part) for part in key), format_value(float(values[-1]) if len(values) else None))
            for key, values in keys.items()
        )
        return Grid(self.heading(), ("output", "last value"), rows, frozenset({1}), self.meta.notes())

    def __repr__(self) -> str:
        return f"IndicatorResult({self.heading()}, outputs={list(self.outputs)}, lookback={self.lookback})"

    def heading(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.label}: {self.name}({given})" if self.label != self.name else f"{self.name}({given})"

    def _sweep(self) -> tuple[str, list[Any]] | None:
        swept = {name: value for name, value in self.params.items() if isinstance(value, list)}
        if not swept:
            return None
        values = list(swept.values())
        count = max(len(value) for value in values)
        if len(swept) == 1:
            return next(iter(swept)), values[0]
        return "window", list(range(count)) if isinstance(self.lookback, int) else list(range(len(self.lookback)))

    def _level_names(self) -> list[str]:
        sweep = self._sweep()
        names = ["output"] + ([sweep[0]] if sweep else [])
        return names + (["symbol"] if self._has_symbols() else [])

    def _has_symbols(self) -> bool:
        arrays, leading = self.outputs.values(), int(self._sweep() is not None)
        if self.reducer:
            several = any(array.ndim > leading and array.shape[-1] > 1 for array in arrays)
        else:
            several = any(array.ndim - leading > 1 for array in arrays)
        return several or len(self.symbols) > 1

    def columns(self) -> list[tuple[tuple[Any, ...], NDArray[np.float64]]]:
        """Return each column of the frame under its key."""
        sweep = self._sweep()
        found: list[tuple[tuple[Any, ...], NDArray[np.float64]]] = []
        for name, array in self.outputs.items():
            windows = zip(sweep[1], array, strict=True) if sweep else [(None, array)]
            for window, values in windows:
                block = np.atleast_1d(values)[np.newaxis] if self.reducer else values
                key = (name,) if sweep is None else (name, window)
                if not self._has_symbols():
                    found.append((key, np.atleast_1d(block.squeeze()) if block.ndim != 1 else block))
                    continue
                panel = np.atleast_2d(block)
                labels: Sequence[Any] = self.symbols or range(panel.shape[1])
                found += [((*key, label), panel[:, i]) for i, label in enumerate(labels)]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class IndicatorResults(Result, Sequence[IndicatorResult]):
    """The results of several indicators over the same bars, in the order of the calls; also found by label.

    Attributes
    ----------
    results
        One entry a call.
    meta
        About the answer.
    """

    results: tuple[IndicatorResult, ...]
    meta: ResultMeta

    def __len__(self) -> int:
        return len(self.results)

    @overload
    def __getitem__(self, key: int | str) -> IndicatorResult: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[IndicatorResult]: ...
    def __getitem__(self, key: int | str | slice) -> IndicatorResult | Sequence[IndicatorResult]:
        """Return a result by its index or its label."""
        if not isinstance(key, str):
            return self.results[key]
        for result in self.results:
            if result.label == key:
                return result
        raise KeyError(f"{key}; the labels are {', '.join(result.label for result in self.results)}")

    def to_pandas(self) -> pd.DataFrame:
        """Return all outputs side by side, under their labels."""
        import pandas as pd

        return pd.concat({result.label: result.to_pandas() for result in self.results}, axis=1, names=["label"])

    def grid(self) -> Grid:
        """Return the last values of all."""
        grids = [(result.label, result.grid()) for result in self.results]
        rows = tuple((label, *row) for label, grid in grids for row in grid.rows)
        return Grid(
            f"{len(self)} indicators", ("label", "output", "last value"), rows, frozenset({2}), self.meta.notes()
        )


def decode_spec(message: pb.IndicatorSpec) -> IndicatorSpec:
    """Return what an indicator is."""
    return IndicatorSpec(
        name=message.name,
        title=message.title,
        group=message.group,
        inputs=tuple(message.inputs),
        parameters=decode_parameter_specs(message.parameters),
        outputs=tuple(message.outputs),
        lookback=message.lookback_bars,
        low=optional(message, "low"),
        high=optional(message, "high"),
        stability=enum_name(pb.Stability, message.stability),
        looks_ahead=message.looks_ahead,
        doc=message.doc,
        reference=message.reference,
        conventions=tuple(message.conventions),
        streams=message.streams,
        neutral=optional(message, "neutral"),
    )


def decode_results(message: pb.ComputeIndicatorsResponse) -> IndicatorResults:
    """Return the results of all calls."""
    meta = decode_meta(message.meta)
    times, symbols = times_of(codec.read(message, "times")), tuple(message.symbols)
    results = tuple(_decode_result(one, times, symbols, meta) for one in message.results)
    return IndicatorResults(results, meta)


def _decode_result(
    message: pb.IndicatorResult, times: Any, symbols: tuple[str, ...], meta: ResultMeta
) -> IndicatorResult:
    params = codec.decode_params(message.params)
    swept = any(isinstance(value, list) for value in params.values())
    lookbacks = tuple(message.lookback_bars)
    return IndicatorResult(
        name=message.name,
        label=message.label or message.name,
        outputs=codec.decode_named_arrays(message.outputs, "outputs"),
        lookback=lookbacks if swept or len(lookbacks) != 1 else lookbacks[0],
        params=params,
        convention=message.convention,
        reducer=enum_name(pb.Reducer, message.reducer) if message.reducer else "",
        times=times,
        symbols=symbols,
        meta=meta,
    )
