"""The pages. Each is one module that adds itself to the registry; navigation, routes and 404s follow from it."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dash import Dash
    from dash.development.base_component import Component
    from fastapi import FastAPI

    from riskwave.dashboard.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the dashboard.

    Attributes
    ----------
    path : str
        Where it lives, such as ``/markets``.
    title, summary : str
        Its name in the navigation, and what it is for in a few words.
    order : int
        Its place in the navigation, ascending.
    layout : callable
        Makes the page from the query of the address. It does no I/O: what needs the server comes by callbacks.
    register : callable
        Registers the page's callbacks.
    routes : callable, optional
        Adds HTTP routes of the page's own, under ``/stream/``.
    """

    path: str
    title: str
    summary: str
    order: int
    layout: Callable[[Mapping[str, str]], Component]
    register: Callable[[Dash, Gateway], None]
    routes: Callable[[FastAPI, Gateway], None] | None = None


_REGISTRY: dict[str, Page] = {}


def add_page(page: Page) -> Page:
    """Add a page; its path must be free.

    Raises
    ------
    ValueError
        If another page has the path.
    """
    if page.path in _REGISTRY:
        raise ValueError(f"path {page.path!r} is taken by the page {_REGISTRY[page.path].title!r}")
    _REGISTRY[page.path] = page
    return page


def all_pages() -> list[Page]:
    """Import every module of this package and return the pages in the order of the navigation."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return sorted(_REGISTRY.values(), key=lambda page: page.order)
