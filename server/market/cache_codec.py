"""Bars as bytes for a cache that others may write to: what comes back is believed only when its digest fits."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import xxhash

from riskwave.server.market.series import COLUMNS, PriceSeries

if TYPE_CHECKING:
    from riskwave.server.market.series import Asset, Times, Values

VERSION: Final = b"RWP2"
"""Changes whenever the layout below does; entries of other versions are no entries."""

_HEAD: Final = struct.Struct("<4s16sBQ")
"""Version, digest of key and rest, columns as bits, rows; then times and columns, eight bytes a value."""


@dataclass(frozen=True, slots=True, eq=False)
class CachedBars:
    """The bars of one series over some range; read-only, because many answers share them.

    Parameters
    ----------
    times
        Nanoseconds UTC, ascending, shape (rows,).
    columns
        Those of `COLUMNS` that some row has, each of shape (rows,); ``close`` always.
    """

    times: Times
    columns: dict[str, Values]

    @classmethod
    def of(cls, times: Times, columns: dict[str, Values]) -> CachedBars:
        """Return bars of arrays that nobody else writes to; columns without a value are left out."""
        given: dict[str, Values] = {name: columns[name] for name in COLUMNS if name in columns}
        kept = {name: values for name, values in given.items() if name == "close" or not np.isnan(values).all()}
        for array in (times, *kept.values()):
            array.flags.writeable = False
        return cls(times, kept)

    @property
    def size_bytes(self) -> int:
        """Memory that the arrays take."""
        return self.times.nbytes + sum(values.nbytes for values in self.columns.values())

    def cut(self, asset: Asset, start_ns: int, end_ns: int) -> PriceSeries:
        """Return the bars of a range as the store gives them: a column without a value in it is None."""
        low = int(np.searchsorted(self.times, start_ns, "left"))
        high = int(np.searchsorted(self.times, end_ns, "right"))
        whole = low == 0 and high == len(self.times)
        parts = {name: values[low:high] for name, values in self.columns.items()}
        # Columns that have no value at all are left out already.
        optional = {
            name: values
            for name, values in parts.items()
            if name != "close" and ((whole and high > 0) or not np.isnan(values).all())
        }
        return PriceSeries(asset, self.times[low:high], parts["close"], **optional)


def encode_bars(key: bytes, bars: CachedBars) -> bytes:
    """Return bars as bytes that are good under this key only."""
    present = sum(1 << place for place, name in enumerate(COLUMNS) if name in bars.columns)
    arrays = [bars.times.astype("<i8", copy=False).tobytes()]
    arrays += [bars.columns[name].astype("<f8", copy=False).tobytes() for name in COLUMNS if name in bars.columns]
    body = b"".join(arrays)
    return _HEAD.pack(VERSION, _digest(key, present, len(bars.times), body), present, len(bars.times)) + body


def decode_bars(key: bytes, data: bytes) -> CachedBars:
    """Return the bars of an entry.

    Raises
    ------
    ValueError
        The bytes are not what `encode_bars` gave for this key.
    """
    if len(data) < _HEAD.size or data[:4] != VERSION:
        raise ValueError("not an entry of this version")
    _, digest, present, rows = _HEAD.unpack_from(data)
    body = memoryview(data)[_HEAD.size :]
    names = [name for place, name in enumerate(COLUMNS) if present >> place & 1]
    if len(body) != 8 * rows * (1 + len(names)) or _digest(key, present, rows, body) != digest:
        raise ValueError("its digest does not fit")
    # Copied: NumPy's view of bytes is not aligned, and kernels would be compiled anew for it.
    table = np.frombuffer(body, dtype="<f8").reshape(1 + len(names), rows).copy()
    times = table[0].view("<i8").astype(np.int64, copy=False)
    return CachedBars.of(times, {name: table[1 + place] for place, name in enumerate(names)})


def _digest(key: bytes, present: int, rows: int, body: bytes | memoryview) -> bytes:
    # XXH3 finds accidents, at the speed of memory; without a key, no digest would stop somebody who forges entries.
    digest = xxhash.xxh3_128(b"%d:%s%d:%d:" % (len(key), key, present, rows))
    digest.update(body)
    return digest.digest()
