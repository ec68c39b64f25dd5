"""Makes settings from their layers, weakest first: defaults, profile, YAML file, environment, flags.

The file is the first of these that exists; files are not merged:

1. the path in ``file=``, ``--config`` or ``RISKWAVE_CONFIG`` (which must exist then);
2. ``riskwave.yaml`` in the working directory;
3. ``riskwave.yaml`` in the user's configuration folder (``~/.config/riskwave`` on Linux).

The test profile reads a file only when it is named, so that a test does not depend on the machine.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from pydantic import SecretStr, ValidationError

from riskwave.config.errors import ConfigError, Problem
from riskwave.config.layers import (
    Given,
    Layer,
    Origin,
    environment_layer,
    file_layer,
    flag_layer,
    lookalikes,
    setting_names,
)
from riskwave.config.profiles import PROFILE_DEFAULTS, refusals
from riskwave.config.settings import APPLICATION, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

FILE_NAME = "riskwave.yaml"
FILE_VARIABLE = "RISKWAVE_CONFIG"
VALUE_LENGTH_MAX = 120


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where every value of `settings` came from.

    Parameters
    ----------
    origins
        One entry a setting, by dotted name.
    file
        The YAML file that was read, None when there was none.
    notes
        Sentences for people, such as a variable that looks like a setting and is none.
    """

    origins: Mapping[str, Origin]
    file: Path | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with their provenance."""

    settings: Settings
    provenance: Provenance


def config_directory() -> Path:
    """Return the user's configuration folder."""
    return platformdirs.user_config_path(APPLICATION, appauthor=False)


def search_places() -> tuple[Path, ...]:
    """Files that are tried when none is named, in that order."""
    return Path.cwd() / FILE_NAME, config_directory() / FILE_NAME


def load(
    file: Path | str | None = None,
    *,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Make settings from all layers and remember where each value came from.

    Parameters
    ----------
    file
        YAML file; None looks in the places that the module's documentation lists.
    flags
        Values by dotted name, such as ``{"server.port": 50052}``; None as a value means not given.
    environ
        Environment variables; None means the process's own.

    Raises
    ------
    ConfigError
        The file is missing, unreadable or malformed, a name is unknown or a value not allowed; it lists every bad value
        with the place that set it.

    Examples
    --------
    >>> loaded = load(flags={"profile": "test", "server.port": 50052}, environ={})
    >>> loaded.settings.server.port, str(loaded.provenance.origins["server.port"])
    (50052, 'flag')
    >>> str(loaded.provenance.origins["dask.mode"])
    'profile test'
    """
    variables = os.environ if environ is None else environ
    flag_values, environment_values = flag_layer(flags or {}), environment_layer(variables)
    named = file if file is not None else variables.get(FILE_VARIABLE) or None
    given_profile = (environment_values | flag_values).get("profile")
    path = Path(named) if named is not None else None
    if path is None and (given_profile is None or given_profile.value != "test"):
        path = next((place for place in search_places() if place.is_file()), None)
    file_values = file_layer(path) if path is not None else {}
    above = file_values | environment_values | flag_values
    profile = above.get("profile", Given("development", Origin("default"))).value
    profile_values = {
        name: Given(value, Origin("profile", str(profile)))
        for name, value in PROFILE_DEFAULTS.get(str(profile), {}).items()
    }
    layer = profile_values | above
    settings = _validate(layer)
    origins = {name: layer[name].origin if name in layer else Origin("default") for name in setting_names()}
    problems = [_placed(problem, origins) for problem in refusals(settings)]
    if problems:
        raise ConfigError(*problems)
    return Loaded(settings, Provenance(origins, path, tuple(lookalikes(variables))))


def load_settings(
    file: Path | str | None = None,
    *,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings alone; parameters and errors as in `load`.

    Examples
    --------
    >>> load_settings(flags={"profile": "test"}, environ={}).store.pool_size
    5
    """
    return load(file, flags=flags, environ=environ).settings


def _placed(problem: Problem, origins: Mapping[str, Origin]) -> Problem:
    origin = origins.get(problem.name)
    shown = str(origin) if origin is not None and origin.layer != "default" else ""
    return Problem(problem.name, problem.message, shown)


def _validate(layer: Layer) -> Settings:
    tree: dict[str, object] = {}
    for name, given in layer.items():
        section, _, inner = name.rpartition(".")
        branch = tree.setdefault(section, {}) if section else tree
        assert isinstance(branch, dict)
        branch[inner] = given.value
    try:
        return Settings(**tree)  # type: ignore[arg-type]  # raw values: validating them is the point
    except ValidationError as error:
        problems = [_problem(details, layer) for details in error.errors(include_url=False)]
        raise ConfigError(*problems) from None  # the original would print secrets


def _problem(details: ErrorDetails, layer: Layer) -> Problem:
    location = [str(part) for part in details["loc"]]
    name = next((".".join(location[:n]) for n in (2, 1) if ".".join(location[:n]) in layer), ".".join(location))
    shown = "(hidden)" if is_secret(name) else _shortened(details["input"])
    origin = str(layer[name].origin) if name in layer else ""
    return Problem(name, f"was {shown}; it must be {allowed(name)}", origin)


def _shortened(value: object) -> str:
    text = value if isinstance(value, str) and value else repr(value)
    return text if len(text) <= VALUE_LENGTH_MAX else text[: VALUE_LENGTH_MAX - 3] + "..."


def is_secret(name: str) -> bool:
    """Tell whether a setting's value may hold a password."""
    section, _, inner = name.partition(".")
    annotation = getattr(Settings.model_fields.get(section), "annotation", None)
    field = getattr(annotation, "model_fields", {}).get(inner)
    return field is not None and SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))


def allowed(name: str) -> str:
    """Say in words what a setting may be, from its type: ``a whole number from 1 to 65535``."""
    section, _, inner = name.rpartition(".")
    schema = Settings.model_json_schema()
    if section:
        schema = schema["$defs"][schema["properties"][section]["$ref"].rpartition("/")[2]]
    rule = schema["properties"][inner]
    choices = rule.get("anyOf", [rule])
    return " or ".join(_in_words(choice) for choice in choices)


def _in_words(rule: Mapping[str, object]) -> str:
    if "enum" in rule:
        names = rule["enum"]
        assert isinstance(names, list)
        return "one of " + ", ".join(str(name) for name in names)
    kinds = {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "string": "text",
        "array": "a list of names",
        "null": "empty",
    }
    words = kinds[str(rule["type"])]
    if "pattern" in rule:
        return f"{words} of the form {rule['pattern']}"
    if rule.get("minLength") or rule.get("minItems"):
        return f"{words}, not empty"
    low = rule.get("minimum", rule.get("exclusiveMinimum"))
    if low is None:
        return words
    start = f"above {low:g}" if "exclusiveMinimum" in rule else f"from {low}"
    return f"{words} {start} to {rule['maximum']}" if "maximum" in rule else f"{words} {start}"
