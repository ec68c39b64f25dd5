"""A running simulation as a stream of lines, each a list of what the browser has to set.

The browser sends the form and reads lines of JSON until the run ends; hanging up cancels the run, in the dashboard, on
the wire and in the server's kernel. Nothing of a run is kept here, so that any worker process can serve any browser.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotation
from fastapi.responses import JSONResponse, Response, StreamingResponse
from plotly.utils import PlotlyJSONEncoder

from riskwave.dashboard.components.part import error_state
from riskwave.dashboard.problems import problem_of
from riskwave.dashboard.simulation_form import simulation_arguments
from riskwave.dashboard.simulation_results import progress_line, result_updates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from fastapi import FastAPI

    from riskwave.dashboard.gateway import Gateway

FORM_BYTES_MAX = 65_536
#: What outlasts this belongs into a job.
RUN_S_MAX = 3600.0
_STILL_WORKS = "The form and the last result stay; markets and the portfolio still work."


def add_routes(server: FastAPI, gateway: Gateway) -> None:
    """Add the route of the stream."""

    @server.post("/stream/simulation")
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
        return StreamingResponse(lines(gateway, form), media_type="application/x-ndjson", headers=headers)


async def lines(gateway: Gateway, form: Mapping[str, Any]) -> AsyncIterator[str]:
    """Yield the lines of a run; a failure is the last line."""
    try:
        arguments = simulation_arguments(form)
        # The whole may take long; what may not is that nothing comes.
        async with gateway.client.simulation.stream(timeout_s=RUN_S_MAX, **arguments) as updates:
            while True:
                async with asyncio.timeout(gateway.timeout_s):
                    update = await anext(updates, None)
                if update is None:
                    return
                yield _line(progress_line(update) | result_updates(update, arguments, address=gateway.address))
    except Exception as error:  # noqa: BLE001 - the boundary: every failure becomes a report with an id
        problem = problem_of(error, part="simulation", title="The simulation failed", still_works=_STILL_WORKS)
        yield _line(
            {"simulation-status": {"children": error_state(problem)}, "simulation-progress": {"value": 0}},
            problem=asdict(problem),
        )


def _line(changes: Mapping[str, Mapping[str, Any]], problem: Mapping[str, Any] | None = None) -> str:
    entries: list[dict[str, Any]] = [{"id": name, "props": props} for name, props in changes.items()]
    if problem is not None:
        entries.append({"id": {"type": "problem", "part": "simulation"}, "props": {"data": problem}})
    return json.dumps(entries, cls=PlotlyJSONEncoder, allow_nan=False) + "\n"
