"""Runs every benchmark, one after the other, each in a process of its own; prints ours, the peer's and the ratio.

Run it alone on the machine: ``make bench``, or ``python benchmarks/run.py oscillators`` for one.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

WHOLE = {"market": [["--ten-million"]], "oscillators": [["--series", "--panel", "--live"], ["--sweep"]]}
"""Arguments with which a benchmark prints all that it has, of each of its runs."""

WITHIN_OTHERS = {"montecarlo_pricing"}
"""Benchmarks that another one prints, too."""


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; return the number that failed."""
    scripts = {path.stem: path for path in sorted(HERE.glob("*.py")) if path.stem != "run" and path.stem[0] != "_"}
    unknown = set(names) - scripts.keys()
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(scripts)}", file=sys.stderr)
        return 2
    failed = []
    for name in names or [name for name in scripts if name not in WITHIN_OTHERS]:
        print(f"\n== {name} " + "=" * (76 - len(name)), flush=True)
        commands = [[sys.executable, str(scripts[name]), *arguments] for arguments in WHOLE.get(name, [[]])]
        if sum(subprocess.run(command, check=False).returncode for command in commands):
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
