"""Opens streams of oscillators: anew, or from a snapshot. Everything is checked before anything is allocated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError, SnapshotError, TooLargeError
from riskwave.compute.oscillators import _stream_snapshot as snapshots
from riskwave.compute.oscillators._catalogue import OSCILLATORS, Convention
from riskwave.compute.oscillators._gaps import GapPolicy
from riskwave.compute.oscillators._request import check_policy
from riskwave.compute.oscillators._stream import IndicatorStream, Opening
from riskwave.compute.oscillators._stream_engine import layout_of
from riskwave.compute.registry import check_params

if TYPE_CHECKING:
    from collections.abc import Mapping

SYMBOLS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How large a stream may be.

    Attributes
    ----------
    symbols
        Most columns.
    state_bytes
        Most bytes of state in memory. None sets no limit.
    snapshot_bytes
        Most bytes of a snapshot. None sets no limit.
    """

    symbols: int = SYMBOLS_MAX
    state_bytes: int | None = None
    snapshot_bytes: int | None = None


def open_stream(
    name: str,
    params: Mapping[str, object] | None = None,
    *,
    symbols: int | None = None,
    gap_policy: GapPolicy | str = GapPolicy.HOLD,
    max_gap_bars: int = 0,
    convention: Convention | str = Convention.TALIB,
    limits: StreamLimits | None = None,
) -> IndicatorStream:
    """Open a stream of an oscillator without history.

    Parameters
    ----------
    name
        The oscillator's name, as in ``OSCILLATORS.names()``.
    params
        Values by name; defaults for what is left out. No lists.
    symbols
        Number of columns that each bar has. None means one, whose values are plain numbers.
    gap_policy, max_gap_bars
        As in `compute`, for each column by itself.
    convention
        As in `compute`.
    limits
        How large it may be. None means `SYMBOLS_MAX` columns.

    Raises
    ------
    InputError
        Its subclass says what is wrong: `UnknownNameError`, `TooLargeError`.

    Examples
    --------
    >>> stream = open_stream("RSI", {"timeperiod": 3})
    >>> closes = [44.0, 45.0, 44.5, 46.0, 47.0]
    >>> [round(stream.update({"close": close})["real"], 2) for close in closes]
    [nan, nan, nan, 83.33, 88.89]
    >>> round(stream.peek({"close": 46.5})["real"], 2), round(stream.update({"close": 46.0})["real"], 2)
    (71.11, 59.26)
    """
    opening = _check(name, {} if params is None else params, symbols, gap_policy, max_gap_bars, convention)
    _check_size(opening, limits or StreamLimits())
    return IndicatorStream(opening)


def snapshot_indicator(snapshot: bytes) -> str:
    """Return the name of the oscillator whose stream was saved.

    Raises
    ------
    SnapshotError
        For bytes that are no snapshot, of another version, cut short or altered.
    """
    return snapshots.unpack_header(bytes(snapshot)).indicator


def restore_stream(
    snapshot: bytes,
    name: str | None = None,
    params: Mapping[str, object] | None = None,
    *,
    symbols: int | None = None,
    gap_policy: GapPolicy | str | None = None,
    max_gap_bars: int | None = None,
    convention: Convention | str | None = None,
    limits: StreamLimits | None = None,
) -> IndicatorStream:
    """Continue a stream from what `IndicatorStream.snapshot` returned: what follows has the same bits.

    Parameters
    ----------
    snapshot
        The bytes.
    name, params, symbols, gap_policy, max_gap_bars, convention
        What the caller expects of the stream: a snapshot of another one is refused. None takes the snapshot's.
    limits
        How large it may be. None means `SYMBOLS_MAX` columns.

    Raises
    ------
    SnapshotError
        For bytes that were cut short or altered, or are of another version, indicator, parameters, convention, gap
        policy or number of columns; it says which.
    """
    header = snapshots.unpack_header(bytes(snapshot))
    expected = {
        "indicator": name,
        "symbols": symbols,
        "gap_policy": None if gap_policy is None else str(gap_policy),
        "max_gap_bars": max_gap_bars,
        "convention": None if convention is None else _effective(header.indicator, convention),
    }
    for label, value in expected.items():
        found = header.columns if label == "symbols" else getattr(header, label)
        if value is not None and value != found:
            raise snapshots.refused(f"of {label} {found}", f"of {label} {value}, as asked for")
    try:
        opening = _check(
            header.indicator,
            header.params,
            header.symbols,
            header.gap_policy,
            header.max_gap_bars,
            header.convention,
        )
    except InputError as error:
        raise SnapshotError("snapshot", f"of {error.field} {error.value}", error.allowed) from None
    if params is not None:
        asked = check_params(opening.entry.params, dict(params))
        if asked != dict(zip(opening.entry.param_names, opening.window, strict=True)):
            raise snapshots.refused(f"of parameters {header.params}", f"of parameters {asked}, as asked for")
    _check_size(opening, limits or StreamLimits())
    stream = IndicatorStream(opening)
    stream.resume(bytes(snapshot), header)
    return stream


def _check(
    name: str,
    params: Mapping[str, object],
    symbols: int | None,
    gap_policy: GapPolicy | str,
    max_gap_bars: int,
    convention: Convention | str,
) -> Opening:
    entry = OSCILLATORS.get(name).under(convention)
    if entry.looks_ahead:
        raise InputError("indicator", name, "one whose values use no later bars: a stream has none")
    policy = check_policy(gap_policy, max_gap_bars)
    if symbols is not None and not 1 <= symbols <= SYMBOLS_MAX:
        raise InputError("symbols", symbols, f"1 to {SYMBOLS_MAX}")
    plain = {label: value.item() if isinstance(value, np.generic) else value for label, value in params.items()}
    checked = check_params(entry.params, plain)
    return Opening(entry, tuple(checked.values()), symbols, policy, max_gap_bars)


def _effective(name: str, convention: Convention | str) -> str:
    """Return the convention of an oscillator's formula under `convention`; that itself for an unknown oscillator."""
    known = name in OSCILLATORS.names()
    return OSCILLATORS.get(name).under(convention).convention.value if known else str(convention)


def _check_size(opening: Opening, limits: StreamLimits) -> None:
    """Refuse what is too large before it is allocated."""
    count = 1 if opening.symbols is None else opening.symbols
    if count > limits.symbols:
        raise TooLargeError("symbols", count, f"at most {limits.symbols}")
    layout = layout_of(opening.entry, opening.window)
    for what, size, limit in (
        ("state", 8 * count * layout.strip_rows, limits.state_bytes),
        ("a snapshot", snapshots.snapshot_bytes(layout, count), limits.snapshot_bytes),
    ):
        if limit is not None and size > limit:
            value = f"{count}, for which {what} of {opening.entry.name} takes {size} bytes"
            raise TooLargeError("symbols", value, f"so many that {what} takes at most {limit} bytes")
