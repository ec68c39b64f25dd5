"""Answers that come as lines of JSON while something runs, each a list of what the browser has to set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotation
from fastapi.responses import JSONResponse, Response, StreamingResponse
from plotly.utils import PlotlyJSONEncoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from fastapi import FastAPI

FORM_BYTES_MAX = 65_536


def add_line_stream(server: FastAPI, path: str, lines: Callable[[Mapping[str, Any]], AsyncIterator[str]]) -> None:
    """Serve, for a form that is posted as JSON to `path`, the lines that `lines` makes of it."""

    @server.post(path)
    async def stream(request: Request) -> Response:
        # A page of another host cannot send this type without being asked first, and is refused then.
        if not request.headers.get("content-type", "").startswith("application/json"):
            return JSONResponse({"error": "the form must be JSON"}, status_code=415)
        body = await request.body()
        try:
            form = json.loads(body) if len(body) <= FORM_BYTES_MAX else None
        except ValueError:
            form = None
        if not isinstance(form, dict):
            return JSONResponse(
                {"error": f"the form must be a JSON object of at most {FORM_BYTES_MAX} bytes"}, status_code=400
            )
        # Compressing would hold lines back.
        headers = {"cache-control": "no-store", "content-encoding": "identity", "x-accel-buffering": "no"}
        return StreamingResponse(lines(form), media_type="application/x-ndjson", headers=headers)


def line(changes: Mapping[str, Mapping[str, Any]], problem: Mapping[str, Any] | None = None) -> str:
    """Return a line: properties by component, and a problem for the part that it names."""
    entries: list[dict[str, Any]] = [{"id": name, "props": props} for name, props in changes.items()]
    if problem is not None:
        entries.append({"id": {"type": "problem", "part": problem["part"]}, "props": {"data": problem}})
    return json.dumps(entries, cls=PlotlyJSONEncoder, allow_nan=False) + "\n"
