"""The bytes of a saved stream: versioned, checked, and independent of the process and the machine that wrote them.

    8 bytes   RWSTREAM
    2         version of this format
    4         length of the header
    header    JSON: what was opened, how many bars, the sizes of what follows
    body      int64 and float64 arrays
    32        BLAKE2b over all that stands before

All numbers are little-endian. What is saved is the state before the last bar, and that bar: so it can still be taken
back after a restore, and the restored state is computed and not only read.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave.compute.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from riskwave.compute.oscillators._program import Floats
    from riskwave.compute.oscillators._stream_engine import Layout

MAGIC = b"RWSTREAM"
FORMAT_VERSION = 1
"""To be raised with any change of these bytes, or of what a kernel keeps in its state."""

_PREFIX = struct.Struct("<8sHI")
_DIGEST_BYTES = 32

SavedGroup = tuple["NDArray[np.intp]", int, "Floats", list["Floats"]]
"""Columns, number of bars, state, history."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a snapshot says of its stream.

    Attributes
    ----------
    indicator, params, convention, gap_policy, max_gap_bars, symbols
        As the stream was opened; `params` is complete, `symbols` None for a single column without an axis.
    bars
        Bars of the stream before the last one.
    last
        What the last one was: ``bar``, ``missed``, or ``none`` for a stream without bars.
    layout
        Fingerprint of what the numbers of the state mean.
    group_sizes, group_bars
        Columns and bars of each group.
    """

    indicator: str
    params: dict[str, Any]
    convention: str
    gap_policy: str
    max_gap_bars: int
    symbols: int | None
    bars: int
    last: str
    layout: str
    group_sizes: list[int]
    group_bars: list[int]

    @property
    def columns(self) -> int:
        """Number of columns."""
        return 1 if self.symbols is None else self.symbols


_TYPES: dict[str, tuple[type, ...]] = {
    "indicator": (str,),
    "params": (dict,),
    "convention": (str,),
    "gap_policy": (str,),
    "max_gap_bars": (int,),
    "symbols": (int, type(None)),
    "bars": (int,),
    "last": (str,),
    "layout": (str,),
    "group_sizes": (list,),
    "group_bars": (list,),
}


@dataclass(frozen=True, slots=True)
class Saved:
    """The arrays of a snapshot."""

    missing: NDArray[np.int64]
    dead: NDArray[np.bool_]
    groups: list[SavedGroup]
    frame: Floats | None


def snapshot_bytes(layout: Layout, columns: int) -> int:
    """Return about how many bytes a snapshot takes."""
    return 8 * columns * (layout.rows + len(layout.program.inputs) + 3) + 4096


def pack(header: Header, saved: Saved) -> bytes:
    """Return the bytes."""
    text = json.dumps(asdict(header), separators=(",", ":"), sort_keys=True).encode()
    parts = [_PREFIX.pack(MAGIC, FORMAT_VERSION, len(text)), text, _integers(saved.missing), _integers(saved.dead)]
    for columns, _, state, history in saved.groups:
        parts += [_integers(columns), *(_floats(array) for array in (state, *history))]
    if saved.frame is not None:
        parts.append(_floats(saved.frame))
    body = b"".join(parts)
    return body + _digest(body)


def _integers(array: NDArray[Any]) -> bytes:
    return array.astype("<i8").tobytes()


def _floats(array: Floats) -> bytes:
    return array.astype("<f8").tobytes()


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()


def refused(found: object, allowed: str) -> SnapshotError:
    """Return the error that says why a snapshot is not taken."""
    return SnapshotError("snapshot", found if isinstance(found, str) else repr(found), allowed)


def unpack_header(data: bytes) -> Header:
    """Check the bytes as a whole and return the header.

    Raises
    ------
    SnapshotError
        For bytes that are no snapshot, of another format, cut short or altered.
    """
    if len(data) < _PREFIX.size + _DIGEST_BYTES:
        raise refused(f"{len(data)} bytes", "whole: it was cut short")
    magic, version, length = _PREFIX.unpack_from(data)
    if magic != MAGIC:
        raise refused(f"{len(data)} bytes of something else", "what snapshot() returned")
    if version != FORMAT_VERSION:
        raise refused(f"of format version {version}", f"of format version {FORMAT_VERSION}")
    if _digest(memoryview(data)[:-_DIGEST_BYTES]) != data[-_DIGEST_BYTES:]:
        raise refused("bytes with a wrong checksum", "unaltered and whole: it was changed or cut short")
    try:
        fields = json.loads(data[_PREFIX.size : _PREFIX.size + length])
        header = Header(**fields)
        sound = all(type(fields[name]) in types for name, types in _TYPES.items()) and _sound(header)
    except (ValueError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise refused("bytes whose header does not hold together", "what snapshot() returned")
    return header


def _sound(header: Header) -> bool:
    groups = [*header.group_sizes, *header.group_bars]
    return (
        all(type(number) is int and number >= 0 for number in groups)
        and len(header.group_sizes) == len(header.group_bars)
        and all(header.group_sizes)
        and header.columns >= 1
        and sum(header.group_sizes) <= header.columns
        and header.bars >= 0
        and header.last in {"bar", "missed", "none"}
    )


def unpack_body(data: bytes, header: Header, layout: Layout) -> Saved:
    """Return the arrays of a snapshot whose header fits the stream.

    Raises
    ------
    SnapshotError
        When the arrays are not those of such a stream.
    """
    if header.layout != layout.fingerprint:
        raise refused(f"state of another version of {header.indicator}", "of the version that reads it")
    count, inputs = header.columns, len(layout.program.inputs)
    frame_rows = inputs if header.last == "bar" else 0
    numbers = 2 * count + frame_rows * count + sum(header.group_sizes) * (1 + layout.rows)
    begin = _PREFIX.size + _PREFIX.unpack_from(data)[2]
    if len(data) != begin + 8 * numbers + _DIGEST_BYTES:
        raise refused(f"{len(data)} bytes", f"{begin + 8 * numbers + _DIGEST_BYTES} bytes for its columns")
    reader = _Reader(data, begin)
    missing, dead = reader.integers(count), reader.integers(count)
    groups = [
        (
            reader.integers(size).astype(np.intp),
            bars,
            reader.floats(layout.state_rows, size),
            [reader.floats(kept, size) for kept in layout.kept_bars],
        )
        for size, bars in zip(header.group_sizes, header.group_bars, strict=True)
    ]
    if not _fits(missing, dead, [columns for columns, *_ in groups], count):
        raise refused("columns that contradict each other", "what snapshot() returned")
    frame = reader.floats(inputs, count) if frame_rows else None
    return Saved(missing, dead.astype(bool), groups, frame)


def _fits(missing: NDArray[np.int64], dead: NDArray[np.int64], groups: Sequence[NDArray[np.intp]], count: int) -> bool:
    """Return whether every column is in one group at most, and none of a group is dead."""
    members = np.concatenate([np.empty(0, dtype=np.intp), *groups])
    in_range = bool(((members >= 0) & (members < count)).all()) and bool((missing >= 0).all())
    return (
        in_range
        and np.unique(members).size == members.size
        and bool(np.isin(dead, (0, 1)).all())
        and not dead[members].any()
    )


class _Reader:
    """Takes one array after the other."""

    def __init__(self, data: bytes, begin: int) -> None:
        self._data = data
        self._at = begin

    def integers(self, size: int) -> NDArray[np.int64]:
        return self._take("<i8", size).astype(np.int64)

    def floats(self, rows: int, columns: int) -> Floats:
        return self._take("<f8", rows * columns).astype(np.float64).reshape(rows, columns)

    def _take(self, kind: str, size: int) -> NDArray[Any]:
        array = np.frombuffer(self._data, kind, size, self._at)
        self._at += 8 * size
        return array
