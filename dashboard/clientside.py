"""Callbacks that run in the browser: functions of assets/riskwave.js."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction

if TYPE_CHECKING:
    from dash import Dash


def clientside(app: Dash, function: str, *dependencies: Any, **options: Any) -> None:
    """Register the browser's ``namespace.function`` with outputs, inputs and states as for Dash's own callbacks."""
    namespace, _, name = function.partition(".")
    app.clientside_callback(  # type: ignore[no-untyped-call] # Dash has no types for it
        ClientsideFunction(f"riskwave_{namespace}", name), *dependencies, **options
    )
