"""``python -m riskwave.dashboard``: serve until a signal says stop."""

import typer

from riskwave.dashboard.commands import dashboard

if __name__ == "__main__":
    typer.run(dashboard)
