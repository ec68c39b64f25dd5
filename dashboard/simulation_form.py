"""From the simulation form to the arguments of the client's call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from riskwave.dashboard import holdings
from riskwave.dashboard.problems import FormError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATHS_DEFAULT = 100_000

#: The form's inputs in the order in which the browser sends them: name to component and property; the portfolio last.
FIELDS: Mapping[str, tuple[str, str]] = {
    "assets": ("simulation-assets", "value"),
    "start": ("simulation-start", "value"),
    "mean": ("simulation-mean", "value"),
    "volatility": ("simulation-volatility", "value"),
    "model": ("simulation-model", "value"),
    "paths": ("simulation-paths", "value"),
    "horizon": ("simulation-horizon", "value"),
    "seed": ("simulation-seed", "value"),
    "portfolio": ("portfolio", "data"),
}


def form_of(values: Sequence[Any]) -> dict[str, Any]:
    """Return the form's values by name."""
    return dict(zip(FIELDS, values, strict=True))


def simulation_arguments(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of ``client.simulation.run`` and ``.stream``.

    Raises
    ------
    FormError
        If an input is empty or no number, or there is no portfolio.

    Examples
    --------
    >>> simulation_arguments({"assets": "law", "model": "normal", "mean": 0.0, "volatility": 0.01, "paths": 10,
    ...                       "horizon": 5, "seed": ""})
    {'model': 'normal', 'paths': 10, 'horizon': 5, 'mean': 0.0, 'volatility': 0.01}
    """
    arguments: dict[str, Any] = {
        "model": str(form.get("model") or "normal"),
        "paths": _whole(form, "paths", "Paths"),
        "horizon": _whole(form, "horizon", "Horizon"),
    }
    if form.get("seed") not in {None, ""}:
        arguments["seed"] = _whole(form, "seed", "Seed")
    if form.get("assets") == "law":
        return arguments | {
            "mean": _number(form, "mean", "Mean"),
            "volatility": _number(form, "volatility", "Volatility"),
        }
    weights = holdings.read(form.get("portfolio"))
    if not weights:
        raise FormError(
            "There is no portfolio in this browser: make one on the portfolio page, or give mean and volatility."
        )
    start = str(form.get("start") or "").strip()
    return arguments | {"weights": weights} | ({"start": start} if start else {})


def _number(form: Mapping[str, Any], name: str, label: str) -> float:
    value = form.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormError(f"{label} was {value!r}; it must be a number.")
    return float(value)


def _whole(form: Mapping[str, Any], name: str, label: str) -> int:
    value = _number(form, name, label)
    if value != int(value):
        raise FormError(f"{label} was {value!r}; it must be a whole number.")
    return int(form[name])
