import platform
import subprocess
import sys

from riskwave.server import allocator

# In a process of its own: the limits hold for the whole process.
SCRIPT = """
import resource
import numpy as np
from riskwave.server.allocator import keep_large_buffers
{call}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    [bytearray(8_000_000) for _ in range(5)]
before = faults()
for _ in range(20):
    [bytearray(8_000_000) for _ in range(5)]
print(faults() - before)
"""


def test_another_c_library_is_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert allocator.keep_large_buffers() is False


def test_large_blocks_are_used_again() -> None:
    counts = []
    for call in ("", "assert keep_large_buffers()"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT.format(call=call)], capture_output=True, text=True, check=True
        )
        counts.append(int(done.stdout))
    assert counts[1] < 100
    assert counts[1] < counts[0] / 10
