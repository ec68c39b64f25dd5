"""How to get the same numbers elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from riskwave.dashboard.components.part import code_block

if TYPE_CHECKING:
    from dash.development.base_component import Component


def reproduce(command: str, code: str, *, digest: str) -> list[Component]:
    """Return the command line and the Python code that give the same numbers, and the digest that shows it."""
    return [
        html.P(
            ["Digest of the numbers: ", html.Code(digest, id="reproduce-digest"), ". Equal digests mean equal bits."],
            className="rw-digest-line",
        ),
        code_block(command, label="the command"),
        code_block(code, label="the Python code"),
    ]
