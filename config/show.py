"""Settings for people to read: every value with where it came from, and nothing secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from riskwave.config.layers import setting_names

if TYPE_CHECKING:
    from riskwave.config.loading import Loaded

HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: dotted name, value as text, where the value came from, what the setting means."""

    name: str
    value: str
    origin: str
    description: str


def hide_password(url: str) -> str:
    """Replace what may be secret in a URL: the password, and values of query parameters that are named like one.

    Examples
    --------
    >>> hide_password("postgresql://desk:s3cret@db/prices?sslpassword=x&sslmode=require")
    'postgresql://desk:***@db/prices?sslpassword=***&sslmode=require'
    """
    # The user's part ends at the last @ before the path, because a careless password holds @ or : itself.
    url = re.sub(r"(?P<start>://[^:/?#@]*):[^/?#]*@", rf"\g<start>:{HIDDEN}@", url)
    return re.sub(r"(?i)([?&][^=&]*(?:password|passwd|pwd|secret|token|key)[^=&]*)=[^&#]*", rf"\1={HIDDEN}", url)


def as_text(value: object) -> str:
    """Show a value on one line; an empty text means none."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        shown = value.get_secret_value()
        return hide_password(shown) if "://" in shown else HIDDEN
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def rows(loaded: Loaded) -> list[Row]:
    """Return one row a setting, in the order of the documentation.

    Examples
    --------
    >>> from riskwave.config import load
    >>> shown = {row.name: row for row in rows(load(flags={"profile": "test"}, environ={}))}
    >>> shown["dask.mode"].value, shown["dask.mode"].origin
    ('off', 'profile test')
    """
    settings, origins = loaded.settings, loaded.provenance.origins
    found: list[Row] = []
    for name in setting_names():
        section, _, inner = name.rpartition(".")
        holder = getattr(settings, section) if section else settings
        field = type(holder).model_fields[inner]
        value = getattr(holder, inner)
        found.append(Row(name, as_text(value), str(origins[name]), field.description or ""))
    return found
