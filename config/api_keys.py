"""The vendors' keys: a YAML file of names and keys, and the environment above it.

A missing file is fine until a vendor is asked; a malformed one is reported, with file and line, when it is read. The
environment variable ``RISKWAVE_API_KEY_<VENDOR>`` wins over the file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pydantic import SecretStr

from riskwave.config.errors import ConfigError, Problem
from riskwave.config.loading import config_directory
from riskwave.config.yaml_file import YamlFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from riskwave.config.settings import Settings

FILE_NAME = "api_keys.yaml"
VARIABLE_PREFIX = "RISKWAVE_API_KEY_"


class ApiKeys:
    """The keys that are configured. They are shown nowhere: `repr` has the vendors' names only.

    Parameters
    ----------
    path
        The file; it need not exist.
    environ
        Environment variables; None means the process's own.

    Raises
    ------
    ConfigError
        The file exists and is not a YAML mapping of vendors to keys; the message names file and line.

    Examples
    --------
    >>> from pathlib import Path
    >>> keys = ApiKeys(Path("/nowhere/api_keys.yaml"), environ={"RISKWAVE_API_KEY_FMP": "abc"})
    >>> keys.configured
    ('fmp',)
    >>> keys.require("fmp")
    SecretStr('**********')
    """

    def __init__(self, path: Path, *, environ: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._keys = _read(path) if path.is_file() else {}
        for variable, value in (os.environ if environ is None else environ).items():
            vendor = variable.removeprefix(VARIABLE_PREFIX).lower()
            if variable.startswith(VARIABLE_PREFIX) and vendor and value.strip():
                self._keys[vendor] = SecretStr(value.strip())

    @classmethod
    def from_settings(cls, settings: Settings, *, environ: Mapping[str, str] | None = None) -> ApiKeys:
        """Read the file that ``market.api_keys_file`` names, or the one in the user's configuration folder."""
        return cls(settings.market.api_keys_file or config_directory() / FILE_NAME, environ=environ)

    @property
    def configured(self) -> tuple[str, ...]:
        """Vendors that have a key, by name."""
        return tuple(sorted(self._keys))

    def get(self, vendor: str) -> SecretStr | None:
        """Return a vendor's key, None when there is none."""
        return self._keys.get(vendor)

    def require(self, vendor: str) -> SecretStr:
        """Return a vendor's key; without one a ConfigError says where to put it."""
        key = self._keys.get(vendor)
        if key is None:
            where = f"write `{vendor}: <key>` into {self.path}, or set {VARIABLE_PREFIX}{vendor.upper()}"
            state = "has none" if self.path.is_file() else "does not exist"
            raise ConfigError(Problem(f"key of {vendor}", f"is missing: {self.path} {state}; {where}"))
        return key

    def __repr__(self) -> str:
        """Name the vendors, not the keys."""
        return f"ApiKeys(path={str(self.path)!r}, configured={self.configured})"


def _read(path: Path) -> dict[str, SecretStr]:
    document = YamlFile(path)
    keys: dict[str, SecretStr] = {}
    for vendor, node, line in document.entries():
        value = document.value(node)
        if value is None:
            continue  # a vendor left empty, as in the example file
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = node.value  # a key that looks like a number: 00123, 12e4
        if not isinstance(value, str) or not value.strip() or any(character.isspace() for character in value.strip()):
            # What was given may be half of a key: it is not repeated.
            raise document.error(line, f"must give {vendor} one key, as text without spaces")
        keys[vendor] = SecretStr(value.strip())
    return keys
