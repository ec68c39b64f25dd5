"""Errors as a person or a program reads them, and the exit codes.

0 done, 1 unexpected, 2 usage, 3 not found, 4 unavailable or too late, 6 invalid data, 7 access denied, 8 overloaded or
too large, 9 not possible as things are (conflict, precondition, or a call that the server's version lacks), 78
configuration, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from riskwave._errors import RiskwaveError

UNEXPECTED = 1
EXIT_INVALID = 6
INTERRUPTED = 130

_CODES: tuple[tuple[str, int], ...] = (
    ("MessageTooLargeError", 8),
    ("InvalidRequestError", EXIT_INVALID),
    ("NotFoundError", 3),
    ("UnavailableError", 4),
    ("DeadlineExceededError", 4),
    ("AccessDeniedError", 7),
    ("OverloadedError", 8),
    ("PreconditionError", 9),
    ("NotImplementedByServerError", 9),
    ("CallCancelledError", INTERRUPTED),
)


class _Asked:
    """How the command that runs was asked to write; remembered for its errors."""

    as_json = False


def remember_output(as_json: bool) -> None:
    """Let errors be written as JSON, too."""
    _Asked.as_json = as_json


@contextlib.contextmanager
def report() -> Iterator[None]:
    """Turn errors of calls into messages on stderr and exit codes."""
    try:
        yield
    except Exception as error:
        from riskwave._errors import RiskwaveError

        if not isinstance(error, RiskwaveError):
            raise
        typer.echo(describe_as_json(error) if _Asked.as_json else describe(error), err=True)
        sys.exit(exit_code(error))


def exit_code(error: RiskwaveError) -> int:
    """Return the exit code of an error."""
    import riskwave

    for name, code in _CODES:
        if isinstance(error, getattr(riskwave, name)):
            return code
    return UNEXPECTED


def hint(error: RiskwaveError) -> str:
    """Return what to do about an error. Empty when the message says it."""
    import riskwave as rw

    if error.near_names and not all(name in error.message for name in error.near_names):
        return f"did you mean {', '.join(error.near_names)}?"
    if isinstance(error, rw.UnavailableError) and not error.reason:
        return (
            "start a server with `riskwave up` or `riskwave serve`, or name another by --address; see `riskwave doctor`"
        )
    if isinstance(error, rw.DeadlineExceededError):
        return "allow more time with --timeout, or ask for less"
    if isinstance(error, rw.OverloadedError) and error.retry_after_s is not None:
        return f"try again in {error.retry_after_s:.1f} s"
    if isinstance(error, rw.NotImplementedByServerError):
        return "`riskwave doctor` lists what this server has"
    return ""


def describe(error: RiskwaveError) -> str:
    """Return an error for people: cause, fields, hint, correlation id."""
    # The advice names the command that lists the calls, so the clause for programs would say it twice.
    lines = [f"error: {error.message.removesuffix('; GetServerInfo lists what is')}"]
    others = [one for one in error.field_violations if one.description != error.message]
    lines += [f"  {one.field}: {one.description}" for one in others]
    advice = hint(error)
    if advice:
        lines.append(f"hint: {advice}")
    if error.correlation_id:
        lines.append(f"correlation id: {error.correlation_id}")
    return "\n".join(lines)


def describe_as_json(error: RiskwaveError) -> str:
    """Return an error for programs."""
    document: dict[str, Any] = {
        "schema_version": 1,
        "error": {
            "type": type(error).__name__,
            "code": error.code,
            "reason": error.reason,
            "message": error.message,
            "hint": hint(error),
            "correlation_id": error.correlation_id,
            "method": error.method,
            "field_violations": [
                {"field": one.field, "description": one.description} for one in error.field_violations
            ],
            "near_names": list(error.near_names),
            "retry_after_s": error.retry_after_s,
        },
    }
    return json.dumps(document, ensure_ascii=False)
