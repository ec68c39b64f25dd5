"""The command line. `riskwave --help` starts with examples."""

from riskwave.cli._app import main

__all__ = ["main"]
