"""A part of a page: a titled box that loads, shows something, or says in place why it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from riskwave.dashboard.components.aria import aria
from riskwave.dashboard.figures.style import GRAPH_CONFIG, Figure

if TYPE_CHECKING:
    from riskwave.dashboard.problems import Problem

Children = Component | str | Sequence["Component | str"] | None


def part(
    name: str, title: str, *, info: str = "", children: Children = None, controls: Children = None, height: int = 120
) -> Component:
    """Return an empty part; a callback fills ``{name}-body``, and the store of `problem_store` announces problems.

    Parameters
    ----------
    name : str
        Stem of the ids.
    title : str
        The heading.
    info : str
        What is shown, in a sentence or two, behind an (i).
    children : component, optional
        What the body shows at first; a skeleton when unset.
    controls : component, optional
        Placed at the right end of the heading.
    height : int
        Height of the skeleton in pixels.
    """
    head: list[Any] = [html.H2(title, id=f"{name}-title")]
    if info:
        head.append(info_popover(title, info))
    head.append(html.Div(className="rw-spring"))
    if controls is not None:
        head.append(html.Div(controls))
    body = html.Div(
        children if children is not None else dmc.Skeleton(h=height, radius="md"),
        id=f"{name}-body",
        className="rw-tight",
    )
    return html.Section(
        [html.Div(head, className="rw-part-head"), loading(body, f"{name}-body"), problem_store(name)],
        className="rw-part",
        **aria(labelledby=f"{name}-title"),
    )


def problem_store(name: str) -> Component:
    """Return the store through which the part `name` announces a problem."""
    return dcc.Store(id={"type": "problem", "part": name})


def loading(child: Component, body_id: str) -> Component:
    """Return `child`, whose id is `body_id`, with a spinner over it while its callback runs for more than a moment."""
    # Dash types the target as one known key.
    targets: Any = {body_id: "children"}
    return dcc.Loading(
        child,
        target_components=targets,
        delay_show=250,
        overlay_style={"visibility": "visible", "opacity": 0.55},
        custom_spinner=dmc.Loader(size="md", **aria(label="Loading")),
    )


def info_popover(title: str, text: Children) -> Component:
    """Return an (i) that opens a definition, by mouse or keyboard."""
    button = html.Button("i", className="rw-info", type="button", **aria(label=f"About {title}"))
    popover: Component = dmc.Popover(
        [dmc.PopoverTarget(button), dmc.PopoverDropdown(dmc.Text(text, size="sm"))],
        width=320,
        shadow="md",
        withArrow=True,
        position="bottom",
    )
    return popover


def graph(figure: Figure, *, label: str, graph_id: str | dict[str, str] | None = None) -> Component:
    """Return a chart; `label` says in words what a reader who cannot see it needs."""
    options: dict[str, Any] = {"id": graph_id} if graph_id is not None else {}
    height = figure["layout"].get("height", 400)
    return html.Div(
        dcc.Graph(figure=figure, config=GRAPH_CONFIG, responsive=True, style={"height": f"{height}px"}, **options),
        role="img",
        **aria(label=label),
    )


def error_state(problem: Problem) -> Component:
    """Return what a part shows instead of its content: what is unavailable, why, what still works, the error's id."""
    return html.Div(
        [
            html.Strong(problem.title),
            html.P(problem.message),
            html.Ul([html.Li(f"{field}: {text}") for field, text in problem.violations])
            if problem.violations
            else None,
            html.P(problem.still_works, className="rw-note") if problem.still_works else None,
            html.P(["Error id: ", html.Code(problem.correlation_id)], className="rw-note"),
        ],
        className="rw-error",
        role="alert",
    )


def warning(text: str) -> Component:
    """Return a note about the numbers beside it."""
    return html.P(text, className="rw-warning", role="note")


def footer(items: Sequence[str]) -> Component:
    """Return the line under a chart that says where its numbers come from; empty items are left out."""
    return html.P([html.Span(item) for item in items if item], className="rw-part-foot")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str) -> Component:
    """Return a table whose first column names the rows.

    It is one component: as one for each cell, a few hundred rows would stop the browser for seconds.
    """
    content = {"head": list(columns), "body": [list(row) for row in rows]}
    grid = dmc.Table(data=content, className="rw-table", withTableBorder=False, verticalSpacing=4)
    return html.Div(grid, className="rw-scroll", tabIndex="0", role="region", **aria(label=caption))


def table_twin(columns: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str) -> Component:
    """Return the numbers of a chart as a table that opens on demand."""
    return html.Details([html.Summary("View as table"), table(columns, rows, caption=caption)], className="rw-twin")


def code_block(text: str, *, label: str) -> Component:
    """Return code with a button that copies it."""
    return html.Div(
        [
            html.Pre(html.Code(text)),
            html.Div(dcc.Clipboard(content=text, title=f"Copy {label}"), className="rw-code-copy"),
        ],
        className="rw-code",
        **aria(label=label),
    )


def options_by_group(groups: Mapping[str, Sequence[tuple[str, str]]]) -> list[dict[str, object]]:
    """Return data of a select with headings, from group to (value, label) pairs; precious_metals becomes words."""
    return [
        {
            "group": group.replace("_", " ").capitalize(),
            "items": [{"value": value, "label": label} for value, label in items],
        }
        for group, items in groups.items()
        if items
    ]
