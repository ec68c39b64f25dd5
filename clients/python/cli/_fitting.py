"""Fits a table into a terminal without cutting a number: words wrap, spare columns go, wide tables are divided."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskwave._results import Grid

SPACE = 2
"""Columns between columns."""
_KEPT_WHOLE = 22
"""Texts up to this long don't wrap; longer ones wrap between words."""


def wraps(grid: Grid, column: int) -> bool:
    """Tell whether a column's texts may be broken into lines."""
    return column not in grid.numeric and max(map(len, _cells(grid, column))) > _KEPT_WHOLE


def fit(grid: Grid, width: int) -> list[Grid]:
    """Return the tables to be shown: one, or several that share the first column.

    Examples
    --------
    >>> from riskwave._results import Grid
    >>> wide = Grid("t", ("day", "a", "b"), (("1", "1.25", "2.5"),), frozenset({1, 2}))
    >>> [table.columns for table in fit(wide, 10)]
    [('day', 'a'), ('day', 'b')]
    """
    grid = _keep(grid, [i for i in range(len(grid.columns)) if any(row[i] for row in grid.rows) or not grid.rows])
    while grid.spare and _least(grid) > width:
        gone = grid.spare[0]
        grid = _keep(grid, [i for i in range(len(grid.columns)) if i != gone])
    if _least(grid) <= width:
        return [grid]
    return _divide(grid, width)


def _divide(grid: Grid, width: int) -> list[Grid]:
    tables: list[list[int]] = []
    for column in range(1, len(grid.columns)):
        if tables and _least(_keep(grid, [*tables[-1], column])) <= width:
            tables[-1].append(column)
        else:
            tables.append([0, column])
    parts = [_keep(grid, columns) for columns in tables]
    *first, last = parts
    return [*(replace(part, notes=()) for part in first), last]


def _keep(grid: Grid, columns: list[int]) -> Grid:
    place = {old: new for new, old in enumerate(columns)}
    return replace(
        grid,
        columns=tuple(grid.columns[i] for i in columns),
        rows=tuple(tuple(row[i] for i in columns) for row in grid.rows),
        numeric=frozenset(place[i] for i in grid.numeric if i in place),
        spare=tuple(place[i] for i in grid.spare if i in place),
    )


def _cells(grid: Grid, column: int) -> list[str]:
    heading = grid.columns[column].split("\n")
    return [*heading, *(row[column] for row in grid.rows)]


def _least(grid: Grid) -> int:
    """Width that the table needs when everything wraps that may."""
    needed = 0
    for column in range(len(grid.columns)):
        cells = _cells(grid, column)
        pieces = [word for cell in cells for word in cell.split()] if wraps(grid, column) else cells
        longest = max(map(len, pieces), default=0)
        needed += max(longest, 12) if wraps(grid, column) else longest
    return needed + SPACE * (len(grid.columns) - 1)
