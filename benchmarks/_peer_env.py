"""Environments of their own for the peers that must not share ours, under build/peer-env."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PEERS = {
    "QuantLib 1.44": ("QuantLib==1.44",),
    "quantlib-takt 1.43": ("quantlib-takt==1.43",),
    "mkl_random 1.5.0": ("mkl_random==1.5.0",),
    "ta-lib-takt 0.8.2": ("ta-lib-takt==0.8.2", "numpy"),
}
"""What each environment has, by the peer's name and version."""


def environment(name: str) -> Path:
    """Return the folder of a peer's environment."""
    return HERE.parent / "build" / "peer-env" / name.split(maxsplit=1)[0].lower()


def install_peers(*names: str) -> None:
    """Make the environments of these peers, or of all; one that cannot be had on this machine is told and left out."""
    for name in names or PEERS:
        requirements = PEERS[name]
        target = environment(name)
        subprocess.run([sys.executable, "-m", "venv", str(target)], check=True)
        install = [str(target / "bin" / "python"), "-m", "pip", "install", "-q", *requirements]
        if subprocess.run(install, check=False).returncode:
            print(f"{name} could not be installed", file=sys.stderr)


def peer(name: str, script: str, *arguments: str) -> dict[str, Any] | None:
    """Run a script of this folder in a peer's environment and return the JSON it prints; None where it is missing."""
    python = environment(name) / "bin" / "python"
    if not python.exists():
        return None
    command = [str(python), str(HERE / script), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else None
