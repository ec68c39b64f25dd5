"""Options that several commands share, and how they become arguments of the client."""

from __future__ import annotations

import functools
import inspect
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from riskwave.cli._failures import remember_output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from riskwave._client import Client


class Output(StrEnum):
    """How data is written to stdout."""

    table = "table"
    json = "json"
    csv = "csv"


@dataclass(frozen=True, slots=True)
class Common:
    """What every command has: how to write, and which server to ask."""

    output: Output
    address: str | None
    timeout_s: float | None

    def connect(self) -> Client:
        """Return a client of the server."""
        import riskwave

        return riskwave.connect(self.address, timeout_s=self.timeout_s)


def common(
    output: Annotated[Output, typer.Option("--output", "-o", help="How data is written to stdout.")] = Output.table,
    address: Annotated[
        str | None,
        typer.Option(envvar="RISKWAVE_ADDRESS", help="Host and port of the server.", show_default="localhost:50051"),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds to wait for the answer.", show_default="by kind of call")
    ] = None,
) -> Common:
    """Return the common options."""
    remember_output(output is Output.json)
    return Common(output, address, timeout)


def portfolio(
    weights: Annotated[
        str | None, typer.Option(metavar="WTI=0.5,...", help="Weights by symbol, over stored prices.")
    ] = None,
    portfolio: Annotated[str | None, typer.Option("--portfolio", help="A stored portfolio.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Source of the prices.", show_default="preferred one of each symbol")
    ] = None,
    start: Annotated[str | None, typer.Option(help="First date, such as 2010-01-31.")] = None,
    end: Annotated[str | None, typer.Option(help="Last date.")] = None,
) -> dict[str, Any]:
    """Return a portfolio as arguments of `client.risk`."""
    if (weights is None) == (portfolio is None):
        raise typer.BadParameter("give either --weights WTI=0.5,... or --portfolio NAME", param_hint="--weights")
    given = {"weights": None if weights is None else parse_weights(weights), "portfolio": portfolio}
    return {**given, "source": source, "start": start, "end": end}


def takes(**groups: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of shared groups.

    A group is a function whose parameters are options; what it returns becomes the command's argument of the group's
    name. So options are written once and read alike everywhere.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        written = {name: list(inspect.signature(group).parameters) for name, group in groups.items()}

        @functools.wraps(command)
        def run(**given: Any) -> Any:
            filled = {name: groups[name](**{key: given.pop(key) for key in keys}) for name, keys in written.items()}
            return command(**given, **filled)

        run.__signature__ = _merge(command, groups)  # type: ignore[attr-defined] # read by inspect.signature
        parameters = run.__signature__.parameters  # type: ignore[attr-defined]
        run.__annotations__ = {name: parameter.annotation for name, parameter in parameters.items()}
        return run

    return decorate


def _merge(command: Callable[..., Any], groups: Mapping[str, Callable[..., Any]]) -> inspect.Signature:
    parameters: list[inspect.Parameter] = []
    nothing: set[str] = set()
    subject = [(group, nothing) for name, group in groups.items() if name != "common"]
    last = [(group, nothing) for name, group in groups.items() if name == "common"]
    for function, left_out in (*subject, (command, set(groups)), *last):  # as the help lists them
        hints = get_type_hints(function, include_extras=True)
        for name, parameter in inspect.signature(function).parameters.items():
            if name not in left_out:
                kind = inspect.Parameter.KEYWORD_ONLY
                parameters.append(parameter.replace(annotation=hints[name], kind=kind))
    return inspect.Signature(parameters)


def parse_weights(text: str) -> dict[str, float]:
    """Return weights by symbol.

    Examples
    --------
    >>> parse_weights("WTI=0.6,BRENT=0.4")
    {'WTI': 0.6, 'BRENT': 0.4}
    """
    weights: dict[str, float] = {}
    for part in split(text):
        symbol, equals, weight = part.partition("=")
        if not equals or not symbol.strip():
            hint = f"{part!r} is not of the form SYMBOL=WEIGHT, such as WTI=0.6"
            raise typer.BadParameter(hint, param_hint="--weights")
        try:
            number = float(weight)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            hint = f"the weight of {symbol.strip()} was {weight.strip()!r}; allowed is a finite number, such as 0.6"
            raise typer.BadParameter(hint, param_hint="--weights")
        if symbol.strip() in weights:
            raise typer.BadParameter(f"{symbol.strip()} is given twice", param_hint="--weights")
        weights[symbol.strip()] = number
    if not weights:
        raise typer.BadParameter("no weight is given", param_hint="--weights")
    return weights


def parse_params(given: list[str] | None, option: str = "--param") -> dict[str, Any]:
    """Return parameters by name; values with commas become sweeps.

    Examples
    --------
    >>> parse_params(["timeperiod=7,14", "matype=EMA"])
    {'timeperiod': [7, 14], 'matype': 'EMA'}
    """
    params: dict[str, Any] = {}
    for part in given or ():
        name, equals, text = part.partition("=")
        if not equals or not name.strip() or not text.strip():
            raise typer.BadParameter(f"{part!r} is not of the form NAME=VALUE", param_hint=option)
        values = [_scalar(value) for value in split(text)]
        params[name.strip()] = values[0] if len(values) == 1 else values
    return params


def _scalar(text: str) -> int | float | str | bool:
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def split(text: str) -> list[str]:
    """Return the parts between commas.

    Examples
    --------
    >>> split("WTI, BRENT")
    ['WTI', 'BRENT']
    """
    return [part.strip() for part in text.split(",") if part.strip()]


def parse_names(given: list[str] | None) -> dict[str, str]:
    """Return symbols by the names of columns.

    Examples
    --------
    >>> parse_names(["Crude oil, Brent=BRENT"])
    {'Crude oil, Brent': 'BRENT'}
    """
    names = {}
    for part in given or ():
        column, equals, symbol = part.rpartition("=")
        if not equals or not column.strip() or not symbol.strip():
            raise typer.BadParameter(f"{part!r} is not of the form COLUMN=SYMBOL", param_hint="--name")
        names[column.strip()] = symbol.strip()
    return names
