"""The layers that settings are made of: each gives raw values by dotted name, with where they came from."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import yaml
from pydantic_settings import EnvSettingsSource, SettingsError

from riskwave.config.errors import ConfigError, Problem
from riskwave.config.settings import Settings
from riskwave.config.yaml_file import YamlFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PREFIX = "RISKWAVE_"
DELIMITER = "__"

LayerName = Literal["default", "profile", "file", "environment", "flag"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: the layer, and in it the profile, ``file:line`` or variable."""

    layer: LayerName
    detail: str = ""

    def __str__(self) -> str:
        """Name the place as a user would look for it."""
        if self.layer in {"file", "environment"}:
            return self.detail
        return f"{self.layer} {self.detail}".rstrip()


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was given, before validation."""

    value: object
    origin: Origin


Layer = dict[str, Given]


def setting_names() -> tuple[str, ...]:
    """All dotted names, in the order of their definition."""
    names: list[str] = []
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and hasattr(section, "model_fields"):
            names.extend(f"{name}.{inner}" for inner in section.model_fields)
        else:
            names.append(name)
    return tuple(names)


def near(name: str, known: Iterable[str]) -> str:
    """Say which known names look like `name`, as the end of a sentence."""
    matches = difflib.get_close_matches(name.casefold(), list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(matches)}?" if matches else ""


# ---- file --------------------------------------------------------------------------------------------------------


def file_layer(path: Path) -> Layer:
    """Read a YAML file of sections and settings."""
    document = YamlFile(path)
    layer: Layer = {}
    names = setting_names()
    sections = {name.partition(".")[0] for name in names if "." in name}
    for key, node, line in document.entries():
        if key not in sections:
            layer[key] = Given(document.value(node), Origin("file", f"{path}:{line}"))
        elif isinstance(node, yaml.MappingNode):
            for inner, inner_node, inner_line in document.entries(node):
                layer[f"{key}.{inner}"] = Given(document.value(inner_node), Origin("file", f"{path}:{inner_line}"))
        elif document.value(node) is not None:  # an empty section is no mistake
            raise ConfigError(Problem(f"{path}:{line}", f"gives {key} a value; it is a section with settings below it"))
    unknown = [(name, given.origin) for name, given in layer.items() if name not in names]
    if unknown:
        known = (*names, *sections)
        raise ConfigError(*(Problem(name, f"is no setting{near(name, known)}", str(place)) for name, place in unknown))
    return layer


# ---- environment and flags ---------------------------------------------------------------------------------------


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """Read ``RISKWAVE_PROFILE`` and ``RISKWAVE_<SECTION>__<SETTING>``.

    The two underscores keep off the variables that Kubernetes makes for a service called riskwave-server, such as
    ``RISKWAVE_SERVER_PORT=tcp://10.0.0.1:50051``.
    """
    names = setting_names()
    sections = {name.partition(".")[0] for name in names if "." in name}
    mine = {key.lower(): value for key, value in environ.items() if key.upper().startswith(PREFIX)}
    for variable in tuple(mine):
        section, found, inner = variable[len(PREFIX) :].partition(DELIMITER)
        name = f"{section}.{inner}"
        if found and name not in names:
            raise ConfigError(Problem(name, f"is no setting{near(name, names)}", variable.upper()))
        if not found and section in sections:
            del mine[variable]  # a whole section as JSON is not read: it would have no place to point at
    source = EnvSettingsSource(Settings)
    source.env_vars = mine
    try:
        tree = source()
    except SettingsError as error:
        raise ConfigError(Problem("environment", str(error))) from error
    layer: Layer = {}
    for name in names:
        section, _, inner = name.rpartition(".")
        branch = tree.get(section, {}) if section else tree
        key = inner if inner in branch else None
        if key is not None:
            variable = PREFIX + name.replace(".", DELIMITER).upper()
            value = branch[key]
            layer[name] = Given(None if value == "" else value, Origin("environment", variable))
    return layer


def lookalikes(environ: Mapping[str, str]) -> list[str]:
    """Sentences about variables that look like settings with one underscore and are not read."""
    single = {PREFIX + name.replace(".", "_").upper(): name for name in setting_names() if "." in name}
    return [
        f"{key} is not read; for {single[key]} set {PREFIX}{single[key].replace('.', DELIMITER).upper()}"
        for key, value in environ.items()
        if key in single and not value.startswith(("tcp://", "udp://"))
    ]


def flag_layer(flags: Mapping[str, object]) -> Layer:
    """Take flags by dotted name; None means that the flag was not given, an empty text that there is no value."""
    names = setting_names()
    unknown = [name for name in flags if name not in names]
    if unknown:
        raise ConfigError(*(Problem(name, f"is no setting{near(name, names)}", "flag") for name in unknown))
    return {
        name: Given(None if value == "" else value, Origin("flag"))
        for name, value in flags.items()
        if value is not None
    }
