"""``python -m riskwave.server``: serve until a signal says stop."""

import typer

from riskwave.server.commands import serve

if __name__ == "__main__":
    typer.run(serve)
