"""Writes the reference pages beside this file from the registries: ``make reference``. A test holds the pages to them.

docs/oscillators.md    every oscillator and average: inputs, parameters, outputs, formula, source; what flat prices
                       give is taken from degenerate.md, so that `make conformance` comes first
docs/models.md         models of portfolios and of prices, payoffs, risk measures
"""

from __future__ import annotations

import inspect
import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from riskwave.compute import montecarlo, oscillators, risk
from riskwave.compute.montecarlo import pricing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from riskwave.compute.registry import Param

FOLDER = Path(__file__).parent
WIDTH = 120
MADE = "<!-- Written by docs/reference.py from the registries; edit the modules, then `make reference`. -->"


class Documented(Protocol):
    """What every registry's entry says of itself."""

    @property
    def name(self) -> str:
        """The name to ask for."""

    @property
    def title(self) -> str:
        """The name in words."""

    @property
    def doc(self) -> str:
        """What it is."""


def oscillator_page() -> str:
    """Return the page of the oscillators, by group."""
    entries = list(oscillators.OSCILLATORS)
    lines = [
        MADE,
        "# Oscillators",
        "",
        f"{len(entries)} oscillators and averages. Names, parameters, outputs and defaults are TA-Lib's where it has",
        "them. `riskwave indicators compute NAME --symbols WTI`, or `client.indicators.compute(NAME, close=close)`;",
        "in a process of your own, `riskwave.compute.oscillators.compute(NAME, {'close': close}, params)`. Lists of",
        "parameters are a sweep, whose windows the server's threads share, and yours with `threads=`.",
        "",
        "Formulas are TA-Lib's where it has them (convention `talib`, the default). What another changes stands at the",
        "end of each entry; `--convention wilder`, or `convention='wilder'`, asks for it. What flat prices and zero",
        "volumes give is in the [degenerate table](degenerate.md), how close values come to others' in the",
        "[conformance table](conformance.md).",
    ]
    flat = _flat_values()
    for group in dict.fromkeys(entry.group for entry in sorted(entries, key=lambda one: str(one.group))):
        lines += ["", f"## {str(group).capitalize()}"]
        for entry in entries:
            if entry.group != group:
                continue
            lines += ["", f"### {entry.name}: {entry.title}", ""]
            facts = f"Of {', '.join(entry.inputs)}; gives {', '.join(entry.outputs)}."
            lines += [*textwrap.wrap(f"{facts} {_behaviour(entry)} {flat[entry.name]}", WIDTH), ""]
            lines += [*_body(entry), *_conventions(entry)]
    return "\n".join(lines) + "\n"


_STABILITY = {
    oscillators.Stability.EXACT: "a value depends on its window alone",
    oscillators.Stability.RUNNING: "a value depends on its window alone, up to the rounding of a running sum",
    oscillators.Stability.CONVERGING: "a value forgets where the series began",
    oscillators.Stability.PATH_DEPENDENT: "where the series begins decides every value",
}


def _behaviour(entry: oscillators.Oscillator) -> str:
    """Say where values begin, lie, turn, and what they depend on."""
    lookback = entry.lookback(entry.defaults())
    said = [
        f"The first value is at bar {lookback} with the defaults, counted from 0"
        if lookback
        else "Every bar has a value"
    ]
    if entry.low is not None and entry.high is not None:
        said.append(f"values lie between {entry.low:g} and {entry.high:g}")
    elif entry.low is not None:
        said.append(f"values are at least {entry.low:g}")
    elif entry.high is not None:
        said.append(f"values are at most {entry.high:g}")
    if entry.neutral is not None:
        said.append(f"the neutral level is {entry.neutral:g}")
    said.append(_STABILITY[entry.stability])
    if entry.ahead is not None:
        ahead = entry.ahead_bars(entry.default_window)
        said.append(f"**looks ahead** by {ahead} bars with the defaults, and is taken only with `allow_look_ahead`")
    return "; ".join(said) + "."


def _flat_values() -> dict[str, str]:
    """Return what each oscillator gives on flat prices and without volume, as the table of degenerate inputs has it."""
    said = {}
    for line in (FOLDER / "degenerate.md").read_text(encoding="utf-8").splitlines():
        if " | talib | " not in line:
            continue
        name, _, flat, no_volume, *_ = (cell.strip() for cell in line.strip("|").split("|"))
        said[name] = f"Flat prices of 100 give {flat}"
        if "volume" in oscillators.OSCILLATORS.get(name).inputs:
            said[name] += f", and without volume {no_volume}"
        said[name] = said[name].replace("nan", "NaN") + "."
    return said


def _conventions(entry: oscillators.Oscillator) -> Iterator[str]:
    """Yield what differs under each convention, those that share a formula together."""
    by_formula: dict[object, list[oscillators.Oscillator]] = {}
    for convention in entry.conventions:
        variant = entry.under(convention)
        by_formula.setdefault(variant.formula, []).append(variant)
    for variants in by_formula.values():
        names = ", ".join(f"`{variant.convention}`" for variant in variants)
        text = " ".join(inspect.cleandoc(variants[0].doc).split())
        yield ""
        yield from textwrap.wrap(f"Under {names}: {text} Source: {variants[0].source}.", WIDTH)


def model_page() -> str:
    """Return the page of models, payoffs and risk measures."""
    lines = [
        MADE,
        "# Models, payoffs and risk measures",
        "",
        "## Models of portfolios",
        "",
        "For `riskwave simulate run --model NAME` and `client.simulation.run(model=NAME)`.",
        *_entries(montecarlo.MODELS),
        "",
        "## Models of prices",
        "",
        "For `riskwave simulate price --model NAME` and `client.simulation.price(model=NAME)`. Volatility and dividend",
        "yield are given among the model's parameters, one number or one an underlying.",
        "",
        "On a terminal the command shows how the price converges. `client.simulation.stream_price` does so for",
        "programs, and ends with the same bits.",
        *_entries(pricing.PRICING_MODELS),
        "",
        "## Payoffs",
        *_entries(pricing.PAYOFFS, lambda payoff: [f"Models: {', '.join(payoff.models)}."]),
        "",
        "## Risk measures",
        "",
        "Of `riskwave risk analyze` and `client.risk.analyze`.",
        *_entries(risk.MEASURES),
    ]
    return "\n".join(lines) + "\n"


def _entries(entries: Iterable[Documented], more: Callable[..., list[str]] = lambda _entry: []) -> Iterator[str]:
    for entry in entries:
        yield ""
        yield f"### {entry.name}: {entry.title}"
        yield ""
        yield from _body(entry)
        extra = more(entry)
        if extra:
            yield ""
            yield from extra


def _body(entry: Documented) -> Iterator[str]:
    yield from inspect.cleandoc(entry.doc).splitlines()
    formula = getattr(entry, "formula", None)
    if isinstance(formula, str):
        yield ""
        yield f"    {formula}"
    params = getattr(entry, "params", ())
    if params:
        yield ""
        yield "| parameter | default | range | meaning |"
        yield "|---|---|---|---|"
        for param in params:
            unit = f" {param.unit}" if param.unit else ""
            yield f"| {param.name} | {param.default}{unit} | {_range(param)} | {param.doc} |"
    source = getattr(entry, "reference", "") or getattr(entry, "source", "")
    if source:
        yield ""
        yield f"Source: {source}"


def _range(param: Param) -> str:
    if param.choices:
        return ", ".join(param.choices)
    if math.isinf(param.low) and math.isinf(param.high):
        return ""
    return f"{param.low:g} to {param.high:g}"


PAGES: dict[str, Callable[[], str]] = {"oscillators.md": oscillator_page, "models.md": model_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
