"""What went wrong, in the words that the reader of the page gets, and how every callback reports it."""

from __future__ import annotations

import asyncio
import functools
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, ParamSpec

import structlog
from dash import no_update, set_props
from dash.exceptions import PreventUpdate

import riskwave

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger("riskwave.dashboard")

_EXTRA_S = 2.0

P = ParamSpec("P")
Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure as the reader sees it.

    Attributes
    ----------
    part
        The part of the page that it is about.
    title
        Which part is unavailable.
    message
        What was wrong, what was given, what would be right.
    still_works
        What the reader can do meanwhile.
    correlation_id
        Under which the log has it: the server's where the server answered, else the dashboard's own.
    severity
        error for what is broken, warning for what the reader can put right, info for what does not exist.
    violations
        The inputs that are wrong: field and what would be right.
    id
        Tells this problem from an equal one before it.
    time
        When it happened, ISO 8601 in UTC.
    """

    part: str
    title: str
    message: str
    still_works: str
    correlation_id: str
    severity: Severity = "error"
    violations: tuple[tuple[str, str], ...] = ()
    id: str = ""
    time: str = ""


class FormError(ValueError):
    """An input that is empty or no number; what is a number is judged by the server, which knows the ranges."""


def problem_of(error: Exception, *, part: str, title: str, still_works: str) -> Problem:
    """Return the problem of an exception; what is not an answer of the server is logged with its traceback.

    The reader gets the text of the server's typed errors. A defect of the dashboard shows none of itself but its id.
    """
    own_id = uuid.uuid4().hex
    about: dict[str, Any] = {"part": part, "title": title, "still_works": still_works}
    about |= {"id": own_id, "time": datetime.now(UTC).isoformat(timespec="seconds")}
    if isinstance(error, riskwave.RiskwaveError):
        correlation_id = error.correlation_id or own_id
        log.warning("call_failed", part=part, correlation_id=correlation_id, reason=error.reason, message=error.message)
        violations = tuple((item.field, item.description) for item in error.field_violations)
        return Problem(
            message=_sentence(error.message),
            correlation_id=correlation_id,
            severity=_severity(error),
            # A single violation repeats the message.
            violations=violations if len(violations) > 1 else (),
            **about,
        )
    if isinstance(error, FormError):
        return Problem(message=_sentence(str(error)), correlation_id=own_id, severity="warning", **about)
    if isinstance(error, TimeoutError):
        log.warning("call_timed_out", part=part, correlation_id=own_id)
        return Problem(message="No answer came in time. Try again, or ask for less.", correlation_id=own_id, **about)
    log.error("dashboard_defect", part=part, correlation_id=own_id, exc_info=error)
    return Problem(message="The dashboard failed at this; its log has the details.", correlation_id=own_id, **about)


def announce(problem: Problem) -> None:
    """Show a problem as a toast and in the list of messages; only within a callback."""
    set_props({"type": "problem", "part": problem.part}, {"data": asdict(problem)})


def guarded(
    timeout_s: float,
    part: str,
    *,
    title: str,
    still_works: str = "",
    fallback: Callable[[Problem], Any] | None = None,
    quiet: bool = False,
) -> Callable[[Callable[P, Awaitable[Any]]], Callable[P, Awaitable[Any]]]:
    """Make a callback report its failures: a toast, an entry of the message list, and the part's own error state.

    Parameters
    ----------
    timeout_s : float
        Time that one call of the server has; the callback has a little more, so that the call's own error comes first.
    part : str
        The part that shows the error; its store must be on the page.
    title, still_works : str
        Which part is unavailable and what still works.
    fallback : callable, optional
        Makes the callback's outputs from the problem. Unset gives the first one the error state, the others nothing.
    quiet : bool
        Leaves out the toast, for what is checked while the reader is still typing.
    """

    def decorate(callback: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[Any]]:
        @functools.wraps(callback)
        async def run(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                async with asyncio.timeout(timeout_s + _EXTRA_S):
                    return await callback(*args, **kwargs)
            except PreventUpdate:
                raise
            except Exception as error:  # noqa: BLE001 - the boundary: every failure becomes a report with an id
                problem = problem_of(error, part=part, title=title, still_works=still_works)
                if not quiet:
                    announce(problem)
                return fallback(problem) if fallback is not None else error_outputs(problem)

        return run

    return decorate


def error_outputs(problem: Problem) -> Any:
    """Return the error state for a callback's first output and nothing new for its others."""
    from dash import ctx

    from riskwave.dashboard.components.part import error_state

    outputs = ctx.outputs_list
    if isinstance(outputs, list):
        return (error_state(problem), *([no_update] * (len(outputs) - 1)))
    return error_state(problem)


def _severity(error: riskwave.RiskwaveError) -> Severity:
    if isinstance(error, riskwave.NotFoundError):
        return "info"
    if isinstance(error, riskwave.InvalidRequestError | riskwave.PreconditionError | riskwave.OverloadedError):
        return "warning"
    return "error"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
