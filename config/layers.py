"""The layers that settings are made of: each gives raw values by dotted name, with where they came from."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import yaml
from pydantic_settings import EnvSettingsSource, SettingsError

from riskwave.config.errors import ConfigError, Problem
from riskwave.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

PREFIX = "RISKWAVE_"
DELIMITER = "__"
FILE_BYTES_MAX = 1 << 20

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


def read_text(path: Path) -> str:
    """Return the text of a configuration file; a ConfigError says why it cannot be read."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ConfigError(
                Problem(str(path), f"is larger than {FILE_BYTES_MAX} bytes; this is no configuration file")
            )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(Problem(str(path), f"cannot be read: {error.strerror or error}")) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError(Problem(f"{path}:{line}", "is not UTF-8 text")) from error


def parse_yaml(text: str, path: Path) -> tuple[yaml.SafeLoader, yaml.MappingNode | None]:
    """Return loader and top mapping of a YAML text, None when it is empty; a ConfigError names file and line."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # A tab or an unknown character is found by the reader, which knows no mark but a position.
        line = mark.line + 1 if mark is not None else text[: getattr(error, "position", 0)].count("\n") + 1
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "is not YAML"
        raise ConfigError(Problem(f"{path}:{line}", f"is malformed YAML: {what}")) from error
    if node is None:
        return loader, None
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(Problem(f"{path}:{node.start_mark.line + 1}", "must be a mapping of names to values"))
    return loader, node


def entries(loader: yaml.SafeLoader, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node, int]]:
    """Yield name, value node and line of a mapping's entries; a name given twice is an error."""
    seen: dict[str, int] = {}
    for key_node, value_node in node.value:
        key, line = str(loader.construct_object(key_node, deep=True)), key_node.start_mark.line + 1
        if key in seen:
            raise ConfigError(Problem(f"{path}:{line}", f"gives {key} again; line {seen[key]} has it already"))
        seen[key] = line
        yield key, value_node, line


def file_layer(path: Path) -> Layer:
    """Read a YAML file of sections and settings."""
    loader, top = parse_yaml(read_text(path), path)
    layer: Layer = {}
    if top is None:
        return layer
    names = setting_names()
    sections = {name.partition(".")[0] for name in names if "." in name}
    for key, value_node, line in entries(loader, top, path):
        if key in sections:
            if isinstance(value_node, yaml.MappingNode):
                for inner, inner_node, inner_line in entries(loader, value_node, path):
                    name = f"{key}.{inner}"
                    value = loader.construct_object(inner_node, deep=True)
                    layer[name] = Given(value, Origin("file", f"{path}:{inner_line}"))
            elif loader.construct_object(value_node, deep=True) is not None:  # an empty section is no mistake
                raise ConfigError(
                    Problem(f"{path}:{line}", f"gives {key} a value; it is a section with settings below it")
                )
        else:
            layer[key] = Given(loader.construct_object(value_node, deep=True), Origin("file", f"{path}:{line}"))
    unknown = [(name, given) for name, given in layer.items() if name not in names]
    if unknown:
        raise ConfigError(
            *(
                Problem(name, f"is no setting{near(name, (*names, *sections))}", str(given.origin))
                for name, given in unknown
            )
        )
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
