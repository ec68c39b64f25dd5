"""What is wrong with a configuration, as one exception that names every problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    name
        The setting, such as ``server.port``, or the file when no setting is at fault.
    message
        What was given and what would be right. Secrets are not in it.
    origin
        Where the value came from: a file and line, an environment variable, a flag. Empty when it came from nowhere.
    """

    name: str
    message: str
    origin: str = ""

    def __str__(self) -> str:
        """One line: the setting, where it was set, what is wrong."""
        return f"{self.name} ({self.origin}) {self.message}" if self.origin else f"{self.name} {self.message}"


class ConfigError(Exception):
    """The configuration cannot be used; `problems` has every reason, not only the first."""

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise ValueError("a ConfigError needs a problem")
        self.problems: Sequence[Problem] = problems
        super().__init__("\n".join(str(problem) for problem in problems))
