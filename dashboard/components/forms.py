"""Forms that are made from the registry's listing: a new parameter needs no line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from riskwave import ParameterSpec

Value = int | float | str | bool


def parameter_input(spec: ParameterSpec, input_id: str | dict[str, str], value: Value | None = None) -> Component:
    """Return the input for one parameter, with `value` or the default in it."""
    shown = spec.default if value is None else value
    common: dict[str, Any] = {
        "id": input_id,
        "label": spec.name,
        "size": "xs",
        "attributes": {"input": {"title": _hint(spec)}},
    }
    made: Component
    if spec.kind == "bool":
        made = dmc.Select(data=["true", "false"], value=str(shown).lower(), allowDeselect=False, **common)
    elif spec.choices:
        made = dmc.Select(data=list(spec.choices), value=str(shown), allowDeselect=False, **common)
    elif spec.kind == "string":
        made = dmc.TextInput(value=str(shown), debounce=500, **common)
    else:
        options: dict[str, Any] = {"min": spec.low, "max": spec.high} | (
            {"suffix": f" {spec.unit}"} if spec.unit else {}
        )
        # Out of range is refused by the server with the range in words; clamping would compute what nobody asked for.
        made = dmc.NumberInput(
            value=shown, debounce=400, allowDecimal=spec.kind == "float", clampBehavior="none", **options, **common
        )
    return made


def _hint(spec: ParameterSpec) -> str:
    """Return what a parameter means, its range with its unit, and its default."""
    notes = []
    if spec.low is not None and spec.high is not None:
        notes.append(f"{spec.low:,.10g} to {spec.high:,.10g} {spec.unit}".rstrip())
    elif spec.low is not None or spec.high is not None:
        bound = f"at least {spec.low:,.10g}" if spec.low is not None else f"at most {spec.high:,.10g}"
        notes.append(f"{bound} {spec.unit}".rstrip())
    if spec.default is not None:
        default = spec.default
        plain = isinstance(default, str | bool)
        notes.append(f"default {str(default) if plain else format(default, ',.10g')}")
    return f"{spec.doc} ({'; '.join(notes)})" if notes else spec.doc


def parameter_value(spec: ParameterSpec, given: Any) -> Value | None:
    """Return a parameter's value from a form or an address; ``None`` for an empty input and for what is none.

    A text that is not a number is none; a number outside the range is left to the server, which says so in words.
    """
    if given is None or given == "":
        return None
    if spec.kind == "bool":
        return {"true": True, "false": False}.get(str(given).lower())
    if spec.kind == "string":
        return str(given)
    try:
        number = float(given)
    except (TypeError, ValueError):
        return None
    return int(number) if spec.kind == "int" and number == int(number) else number
