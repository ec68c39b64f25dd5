"""A running simulation as a stream of lines, each a list of what the browser has to set.

The browser sends the form and reads lines of JSON until the run ends; hanging up cancels the run, in the dashboard, on
the wire and in the server's kernel. Nothing of a run is kept here, so that any worker process can serve any browser.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from riskwave.dashboard.components.part import error_state
from riskwave.dashboard.line_stream import add_line_stream, line
from riskwave.dashboard.problems import problem_of
from riskwave.dashboard.simulation_form import simulation_arguments
from riskwave.dashboard.simulation_results import progress_line, result_updates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from fastapi import FastAPI

    from riskwave.dashboard.gateway import Gateway

#: What outlasts this belongs into a job.
RUN_S_MAX = 3600.0
_STILL_WORKS = "The form and the last result stay; markets and the portfolio still work."


def add_routes(server: FastAPI, gateway: Gateway) -> None:
    """Add the route of the stream."""
    add_line_stream(server, "/stream/simulation", functools.partial(lines, gateway))


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
                yield line(progress_line(update) | result_updates(update, arguments, address=gateway.address))
    except Exception as error:  # noqa: BLE001 - the boundary: every failure becomes a report with an id
        problem = problem_of(error, part="simulation", title="The simulation failed", still_works=_STILL_WORKS)
        yield line(
            {"simulation-status": {"children": error_state(problem)}, "simulation-progress": {"value": 0}},
            problem=asdict(problem),
        )
