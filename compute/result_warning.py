"""What the caller should know about a result that is right as far as it goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResultWarning:
    """One thing that the caller should know about a result. Nothing is changed, and no number left out, without one.

    Parameters
    ----------
    code
        Upper snake case name to switch on, such as ``WEIGHTS_NORMALISED``.
    message
        A sentence for people, with the numbers in it.
    field
        The input that it is about; empty means the whole request.
    observation
        Row of the returns where it first happened, which the message names; None where there is none.
    """

    code: str
    message: str
    field: str = ""
    observation: int | None = None
