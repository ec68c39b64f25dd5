"""What callers hold - frames, arrays, dates, weights - as parts of the contract's requests."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration

from riskwave._errors import invalid
from riskwave.v1.codec import fill, fill_array
from riskwave.v1.market_data_service_pb2 import PriceSelection
from riskwave.v1.portfolio_pb2 import Holdings, InlineReturns, PortfolioData, ReturnKind

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from numpy.typing import ArrayLike, NDArray

Date = str | dt.date | np.datetime64
"""A date in ISO form, or anything that holds one; the time of a datetime is left out."""
Weights = Mapping[str, float] | Sequence[float] | np.ndarray[Any, np.dtype[Any]]
"""Weights by symbol; with returns that have no names, in the order of their columns."""

_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
"""Least and greatest number of each integer type of the contract."""

SERVED = {
    "SimulationSpec.paths": "an integer from 2 to 1000000000",
    "SimulationSpec.horizon_days": "an integer from 1 to 10000",
    "SimulationSpec.scramble_count": "0 or 32",
    "SimulationSpec.sample_path_count": "an integer from 0 to 1000000",
    "SimulationSpec.fan_day_count": "an integer from 0 to 1024",
    "SimulationSpec.fan_days": "an integer from 1 to 10000",
    "CashFlow.day": "an integer from 1 to 10000",
    "PriceDerivativeRequest.paths": "an integer from 2 to 1000000000",
    "PriceDerivativeRequest.step_count": "an integer from 0 to 10000",
    "PriceDerivativeRequest.scramble_count": "0 or 32",
}
"""What servers serve at most, by message and field, where that is less than the field's type can hold.

It is named to who gives what no message can hold; anything else goes to the server, whose own limits decide.
"""


class PortfolioOptions(TypedDict, total=False):
    """A portfolio and the history that it is judged by: one of weights, portfolio, returns with weights.

    weights
        Weights by symbol; prices come from the store. With `returns`, one weight a column.
    portfolio
        The name of a stored portfolio; prices come from the store.

    Returns
    -------
        Simple returns per period as fractions, of shape (observations, assets) or (observations): an array, a frame
        or a series. A frame's columns name the assets, a datetime index the periods.
    assets
        Names of the assets in returns; they replace a frame's.
    symbols
        Stored assets, equally weighted, where weights don't matter.
    source
        The source of the prices. None takes the preferred one of each symbol.
    start, end
        First and last date, both included. None takes all common dates.
    return_kind
        simple (default) or log: how returns are made of stored prices. Only a covariance can be of log returns: the
        return of a portfolio is the weighted sum of simple ones.
    """

    weights: Weights | None
    portfolio: str | None
    returns: ArrayLike | None
    assets: Sequence[str] | None
    symbols: Sequence[str] | None
    source: str | None
    start: Date | None
    end: Date | None
    return_kind: str | None


def date_text(value: Date | None) -> str:
    """Return a date in ISO form; texts go to the server as they are, which judges them.

    Examples
    --------
    >>> date_text(dt.datetime(2020, 4, 20, 17, 30))
    '2020-04-20'
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    return value.date().isoformat() if isinstance(value, dt.datetime) else value.isoformat()


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers with what a frame knows of them.

    Attributes
    ----------
    values
        float64, of one or two axes.
    times
        Time of each row, datetime64[ns] UTC. None when unknown.
    names
        Names of the columns. Empty when unknown.
    """

    values: NDArray[np.float64]
    times: NDArray[np.datetime64] | None
    names: tuple[str, ...]


def read_table(data: ArrayLike, field: str) -> Table:
    """Return an array, a pandas Series or a DataFrame as numbers, times and names."""
    index, columns = getattr(data, "index", None), getattr(data, "columns", None)
    try:
        values = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise invalid(field, type(data).__name__, f"numbers ({error})") from error
    if values.ndim not in {1, 2}:
        raise invalid(field, f"an array of shape {values.shape}", "of shape (rows) or (rows, columns)")
    names: tuple[str, ...] = ()
    if columns is not None:
        names = tuple(str(name) for name in columns)
    elif getattr(data, "name", None) is not None:
        names = (str(data.name),)  # type: ignore[union-attr] # a pandas Series
    return Table(values, read_times(index), names)


def read_times(index: Any) -> NDArray[np.datetime64] | None:
    """Return the times of a pandas index, or None when it does not hold times. Zones are turned into UTC."""
    if getattr(getattr(index, "dtype", None), "kind", None) != "M":
        return None
    naive = index.tz_convert(None) if getattr(index, "tz", None) is not None else index
    times: NDArray[np.datetime64] = np.asarray(naive, dtype="datetime64[ns]")
    return times


def integer(kind: type[Message], number_field: str, value: Any, name: str) -> int:
    """Return a whole number that a field of a message can hold; `name` is what the caller calls it.

    Examples
    --------
    >>> from riskwave.v1.simulation_pb2 import SimulationSpec
    >>> integer(SimulationSpec, "horizon_days", 252, "horizon")
    252
    """
    field = kind.DESCRIPTOR.fields_by_name[number_field]
    low, high = _RANGES[field.cpp_type]
    # Nothing that the contract counts is negative.
    allowed = SERVED.get(f"{kind.DESCRIPTOR.name}.{number_field}", f"an integer from 0 to {high}")
    try:
        number = operator.index(value)
    except TypeError:
        raise invalid(name, value, allowed) from None
    if isinstance(value, bool) or not low <= number <= high:
        raise invalid(name, value, allowed)
    return number


def number(value: Any, name: str) -> float:
    """Return a number; texts, truth values and everything that is none are refused under the caller's name for it.

    Examples
    --------
    >>> number(np.float64(0.5), "confidence")
    0.5
    """
    if isinstance(value, str | bytes | bool):
        raise invalid(name, value, "a number")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise invalid(name, value, "a number") from None


def numbers(values: Any, name: str) -> list[float]:
    """Return a sequence's numbers; see `number`."""
    if isinstance(values, str | bytes) or not np.iterable(values):
        raise invalid(name, values, "a sequence of numbers")
    return [number(value, f"{name}[{i}]") for i, value in enumerate(values)]


def names(values: Any, name: str) -> list[str]:
    """Return a sequence's names; a single one may stand without it.

    Examples
    --------
    >>> names("WTI", "assets"), names(("WTI", "BRENT"), "assets")
    (['WTI'], ['WTI', 'BRENT'])
    """
    if isinstance(values, str):
        return [values]
    if isinstance(values, bytes | Mapping | AbstractSet) or not np.iterable(values):
        raise invalid(name, values, "a sequence of names, in the order of the assets")
    for i, value in enumerate(values):
        if not isinstance(value, str):
            raise invalid(f"{name}[{i}]", value, "a name")
    return [str(value) for value in values]


def array(values: Any, name: str) -> NDArray[np.float64]:
    """Return an array of numbers."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise invalid(name, values, "numbers") from None


def pair(value: Any, name: str, parts: str) -> tuple[Any, Any]:
    """Return the two parts of a value, which `parts` puts into words."""
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) and len(value) == 2:
        return value[0], value[1]
    raise invalid(name, value, f"a pair: {parts}")


def flag(value: Any, name: str) -> bool:
    """Return a truth value."""
    if not isinstance(value, bool | np.bool_):
        raise invalid(name, value, "True or False")
    return bool(value)


def text(value: Any, name: str) -> str:
    """Return a name; None is the empty one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(name, value, "a name")
    return value


def confidence_of(value: Any) -> float:
    """Return a confidence. In a message 0 means the default, which nobody who says 0 can want."""
    given = 0.0 if value is None else number(value, "confidence")
    if value is not None and given == 0.0:
        raise invalid("confidence", value, "a number above 0 and below 1")
    return given


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    """Return parameters by name; None is none of them."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid(name, value, "a mapping of names to values")
    return value


def price_selection(symbols: Sequence[str], source: str | None, start: Date | None, end: Date | None) -> PriceSelection:
    """Return which stored prices a call uses."""
    if isinstance(symbols, str):
        symbols = [symbols]
    return PriceSelection(symbols=symbols, source=source or "", start_date=date_text(start), end_date=date_text(end))


def portfolio_data(
    *,
    weights: Weights | None = None,
    portfolio: str | None = None,
    returns: ArrayLike | None = None,
    assets: Sequence[str] | None = None,
    symbols: Sequence[str] | None = None,
    source: str | None = None,
    start: Date | None = None,
    end: Date | None = None,
    return_kind: str | None = None,
) -> PortfolioData:
    """Return a portfolio and its history. See `PortfolioOptions`."""
    data = PortfolioData(
        source=source or "",
        start_date=date_text(start),
        end_date=date_text(end),
        return_kind=enum_value(ReturnKind, return_kind, "return_kind"),
    )
    if returns is not None:
        if return_kind is not None:
            raise invalid("return_kind", return_kind, "left out beside returns, which are what they are")
        if portfolio is not None or symbols is not None:
            raise invalid("returns", "given with portfolio or symbols", "given alone, with weights")
        _fill_returns(data.inline_returns, read_table(returns, "returns"), weights, assets)
    elif portfolio is not None:
        if weights is not None or symbols is not None:
            raise invalid("portfolio", "given with weights or symbols", "given alone")
        data.portfolio_name = portfolio
    elif weights is not None:
        data.holdings.CopyFrom(holdings(weights, symbols))
    elif symbols is not None:
        held = names(symbols, "symbols")
        data.holdings.CopyFrom(holdings(dict.fromkeys(held, 1.0 / max(len(held), 1)), None))
    else:
        raise invalid("portfolio", "missing", "given as weights, as portfolio (a stored one's name) or as returns")
    return data


def holdings(weights: Weights, symbols: Sequence[str] | None) -> Holdings:
    """Return weights by symbol: of a mapping, or of a sequence beside symbols."""
    by_symbol = _by_name(weights)
    if by_symbol is None:
        if symbols is None:
            raise invalid("weights", type(weights).__name__, "a mapping of symbols to weights")
        symbols, given = names(symbols, "symbols"), numbers(weights, "weights")
        if len(given) != len(symbols):
            raise invalid("weights", f"{len(given)} numbers", f"one a symbol, of which there are {len(symbols)}")
        by_symbol = dict(zip(symbols, given, strict=True))
    return Holdings(symbols=list(by_symbol), weights=list(by_symbol.values()))


def _by_name(weights: Weights) -> dict[str, float] | None:
    if hasattr(weights, "items"):  # a mapping, or a pandas Series
        return {str(symbol): number(weight, f"weights[{symbol}]") for symbol, weight in weights.items()}
    return None


def _fill_returns(inline: InlineReturns, table: Table, weights: Weights | None, assets: Sequence[str] | None) -> None:
    columns = table.names if assets is None else tuple(names(assets, "assets"))
    count = table.values.shape[1] if table.values.ndim == 2 else 1
    by_name = None if weights is None else _by_name(weights)
    if weights is None:
        shares = [1.0 / max(count, 1)] * count
    elif by_name is None:
        shares = numbers(weights, "weights")
    else:
        if set(by_name) != set(columns):
            raise invalid("weights", sorted(by_name), f"one weight for each column of returns: {sorted(columns)}")
        shares = [by_name[name] for name in columns]
    fill_array(inline.returns, table.values)
    inline.weights.extend(shares)
    inline.assets.extend(columns)
    if table.times is not None:
        fill(inline, "times", table.times)


def enum_value(enum: Any, name: str | None, field: str) -> Any:
    """Return the number of an enum's entry by its name without the prefix, in any case. None is unspecified.

    Examples
    --------
    >>> from riskwave.v1.simulation_pb2 import Sampling
    >>> enum_value(Sampling, "sobol", "sampling")
    3
    """
    if name is None:
        return 0
    prefix = enum_prefix(enum)
    known = {key.removeprefix(prefix).lower(): number for key, number in enum.items() if number}
    try:
        return known[name.lower()]
    except (KeyError, AttributeError):
        raise invalid(field, name, f"one of {', '.join(known)}") from None


def enum_name(enum: Any, number: int) -> str:
    """Return the name of an enum's entry without the prefix, in lower case. An unknown one is its number.

    Examples
    --------
    >>> from riskwave.v1.simulation_pb2 import Sampling
    >>> enum_name(Sampling, Sampling.SAMPLING_SOBOL)
    'sobol'
    """
    try:
        name: str = enum.Name(number)
    except ValueError:  # a newer server knows more entries than we do
        return str(number)
    return name.removeprefix(enum_prefix(enum)).lower()


def enum_prefix(enum: Any) -> str:
    """Return what all names of an enum begin with, such as ``JOB_STATE_``."""
    return str(enum.Name(0)).removesuffix("UNSPECIFIED")


def duration(seconds: float | None) -> Duration | None:
    """Return a duration; None stays unset."""
    if seconds is None:
        return None
    message = Duration()
    message.FromNanoseconds(round(seconds * 1e9))
    return message


def refuse_unknown(options: Mapping[str, object], known: type) -> None:
    """Raise TypeError for options that `known`, a TypedDict, has not, as Python does for arguments."""
    unknown = set(options) - set(known.__annotations__)
    if unknown:
        raise TypeError(f"unexpected keyword arguments {sorted(unknown)}; there are {', '.join(known.__annotations__)}")
