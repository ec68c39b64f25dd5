"""Prices by simulation on one core: nanoseconds a path-step, ours and QuantLib's, from one run.

A path-step is one step of one path with everything that a price needs of it. The peers live in environments of their
own under build/peer-env, made once by ``python benchmarks/montecarlo_pricing.py --install-peers``; rounds of ours and
theirs take turns, and each figure is the shortest.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import _peer_env

from riskwave.compute.montecarlo import Chunk
from riskwave.compute.montecarlo.pricing import PricingSpec, price, price_chunk

PEERS = ("QuantLib 1.44", "quantlib-takt 1.43")
STEPS = 252
PATHS = 8_192
PEER_PATHS = 2_048
ROUNDS = 5
MARKET: dict[str, Any] = {"spot": 100.0, "risk_free_rate": 0.05, "maturity_years": 1.0, "paths": 10_000_000}
HESTON = {"initial_variance": 0.04, "kappa": 2.0, "theta": 0.04, "vol_of_vol": 0.5, "rho": -0.7}
PLAIN: dict[str, Any] = MARKET | {"volatility": 0.2}

CASES: dict[str, tuple[PricingSpec, float]] = {
    "european": (PricingSpec(payoff="european", steps=STEPS, **PLAIN), 4.0),
    "asian": (PricingSpec(payoff="asian", steps=STEPS, **PLAIN), 5.0),
    "heston": (PricingSpec(payoff="european", model="heston", model_params=HESTON, steps=STEPS, **MARKET), 15.0),
    "barrier": (PricingSpec(payoff="barrier", steps=STEPS, **PLAIN), 0.0),
    "lookback": (PricingSpec(payoff="lookback", steps=STEPS, **PLAIN), 0.0),
    "merton": (PricingSpec(payoff="european", model="merton", steps=STEPS, **PLAIN), 0.0),
    "kou": (PricingSpec(payoff="european", model="kou", steps=STEPS, **PLAIN), 0.0),
    "bates": (PricingSpec(payoff="european", model="bates", steps=STEPS, **MARKET), 0.0),
    "schwartz_smith": (PricingSpec(payoff="european", model="schwartz_smith", steps=STEPS, **MARKET), 0.0),
    "bermudan put": (
        PricingSpec(payoff="bermudan", payoff_params={"kind": "put", "exercise_dates": STEPS}, **PLAIN),
        0.0,
    ),
    "asian, Sobol": (
        PricingSpec(payoff="asian", steps=STEPS, **(PLAIN | {"sampling": "sobol", "paths": 1 << 20})),
        0.0,
    ),
}


def theirs(name: str) -> dict[str, Any] | None:
    """Return one round of a peer, or None where it is not installed."""
    return _peer_env.peer(name, "_quantlib_peer.py", str(PEER_PATHS))


def ours() -> dict[str, float]:
    """Return one round of ours."""
    found = {}
    for name, (spec, _) in CASES.items():
        start = time.thread_time()  # what else the processor does does not count
        price_chunk(spec, Chunk(0, 0, PATHS))
        found[name] = (time.thread_time() - start) / STEPS / PATHS * 1e9
    return found


def report_error_per_second() -> None:
    """Print what variance reduction is worth: the time to a standard error of a thousandth of the spot."""
    print("\ntime to a standard error of 0.001 on a price near 5.5 (arithmetic Asian, 12 fixings, one core)")
    for label, changes in (("control variate", {}), ("with Sobol points", {"sampling": "sobol", "paths": 1 << 22})):
        spec = PricingSpec(payoff="asian", target_se=0.001, **(PLAIN | {"paths": 10_000_000} | changes))
        start = time.perf_counter()
        found = price(spec)
        seconds = time.perf_counter() - start
        print(f"{label:20s} {seconds:8.3f} s, {found.path_count:9,} paths, error {found.price.standard_error:.5f}")


def report(best: dict[str, dict[str, float]]) -> None:
    """Print the table, and how many times faster ours is."""
    print(f"{'ns a path-step':18s} " + " ".join(f"{label:>20s}" for label in best))
    for case, (_, reach) in CASES.items():
        cells = " ".join(f"{row[case]:20.2f}" if case in row else " " * 20 for row in best.values())
        print(f"{case:18s} {cells}" + (f"   (reach {reach:g})" if reach else ""))
    for label in best.keys() - {"ours"}:
        ratios = ", ".join(f"{case} {best[label][case] / best['ours'][case]:.0f}" for case in best[label])
        print(f"times {label}: {ratios}")
    for label in PEERS:
        if label not in best:
            print(f"{label} is not installed; --install-peers makes its environment under build/peer-env")


def main(arguments: list[str]) -> None:
    """Measure and print."""
    if "--install-peers" in arguments:
        _peer_env.install_peers()
    ours()  # kernels, caches, and the exercise policy, which is fitted once a price
    best: dict[str, dict[str, float]] = {}
    for _ in range(ROUNDS):
        for label, found in (("ours", ours()), *((name, theirs(name)) for name in PEERS)):
            if found is not None:
                row = best.setdefault(label, {})
                row.update({case: min(row.get(case, float("inf")), found[case]) for case in CASES if case in found})
    report(best)
    report_error_per_second()


if __name__ == "__main__":
    main(sys.argv[1:])
