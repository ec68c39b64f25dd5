"""YAML files of names and values, whose every mistake is told with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

from riskwave.config.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_BYTES_MAX: Final = 1 << 20


class YamlFile:
    """A file that holds one mapping, or nothing.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ConfigError
        It cannot be read, is no YAML, or holds something else than a mapping. What the file says is not repeated,
        because it may be a key.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        text = self._text()
        try:
            self._loader = yaml.SafeLoader(text)
            node = self._loader.get_single_node()
        except yaml.YAMLError as error:
            raise self._malformed(error, text) from None
        if node is not None and node.tag == "tag:yaml.org,2002:null":
            node = None
        if node is not None and not isinstance(node, yaml.MappingNode):
            raise self.error(node.start_mark.line + 1, "must be a mapping of names to values")
        self._top: yaml.MappingNode | None = node

    def entries(self, node: yaml.MappingNode | None = None) -> Iterator[tuple[str, yaml.Node, int]]:
        """Yield name, value node and line of a mapping's entries, the file's own by default.

        A name that is given twice is an error, where YAML's last one would win silently.
        """
        mapping = self._top if node is None else node
        seen: dict[str, int] = {}
        for key_node, value_node in mapping.value if mapping is not None else ():
            key, line = str(self.value(key_node)), key_node.start_mark.line + 1
            if key in seen:
                raise self.error(line, f"gives {key} again; line {seen[key]} has it already")
            seen[key] = line
            yield key, value_node, line

    def value(self, node: yaml.Node) -> object:
        """Return what a node means."""
        try:
            meant: object = self._loader.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError):  # ValueError: a date such as 2020-13-45
            raise self.error(
                node.start_mark.line + 1, "is malformed YAML: a value that nothing can be made of"
            ) from None
        return meant

    def error(self, line: int, message: str) -> ConfigError:
        """Return the error of a line."""
        return ConfigError(Problem(f"{self.path}:{line}", message))

    def _text(self) -> str:
        try:
            if self.path.stat().st_size > FILE_BYTES_MAX:
                message = f"is larger than {FILE_BYTES_MAX} bytes; this is no configuration file"
                raise ConfigError(Problem(str(self.path), message))
            return self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(Problem(str(self.path), f"cannot be read: {error.strerror or error}")) from error
        except UnicodeDecodeError as error:
            line = self.path.read_bytes()[: error.start].count(b"\n") + 1
            raise self.error(line, "is not UTF-8 text") from None

    def _malformed(self, error: yaml.YAMLError, text: str) -> ConfigError:
        mark = getattr(error, "problem_mark", None)
        # A character that YAML does not have is found by the reader, which knows no line but a position.
        line = mark.line + 1 if mark is not None else text[: getattr(error, "position", 0)].count("\n") + 1
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "nothing can be made of it"
        return self.error(line, f"is malformed YAML: {what}")
