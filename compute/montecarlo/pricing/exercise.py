"""When to exercise early: least squares Monte Carlo."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.task import Task


def with_policy(task: Task) -> Task:
    """Return the task with its policy."""
    return task
