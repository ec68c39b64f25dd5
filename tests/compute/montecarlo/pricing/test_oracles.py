"""The exact prices agree with published ones, and with each other."""

import pytest


def test_heston_published(exact):
    # Lewis' reference prices, as QuantLib tests them
    phi = exact.heston(0.04, 4.0, 0.25, 1.0, -0.5, 1.0)
    found = [exact.lewis(phi, 1, 100, k, 0.01, 0.02, 1.0) for k in (80, 100, 120)]
    assert found == pytest.approx([26.774758743998854, 16.070154917028834, 9.024913483457836], abs=1e-8)


def test_jump_models_published(exact):
    # Kou (2002), p. 1095, and Merton by his series
    jumps = exact.product(exact.brownian(0.16, 0.5), exact.kou_jumps(1.0, 0.4, 10.0, 5.0, 0.5))
    assert exact.lewis(jumps, 1, 100, 98, 0.05, 0.0, 0.5) == pytest.approx(9.14732, abs=1e-5)
    jumps = exact.product(exact.brownian(0.2, 1.0), exact.merton_jumps(0.3, -0.1, 0.15, 1.0))
    series = exact.merton_series(1, 100, 100, 0.05, 0.0, 0.2, 1.0, 0.3, -0.1, 0.15)
    assert series == pytest.approx(11.19146308, abs=1e-8)
    assert exact.lewis(jumps, 1, 100, 100, 0.05, 0.0, 1.0) == pytest.approx(series, abs=1e-7)


def test_two_assets_published(exact):
    # Haug (1998), p. 53 for Margrabe; Dempster and Hong (2000), as QuantLib tests them, for the spread
    assert exact.margrabe(22, 20, 0.06, 0.04, 0.2, 0.2, 0.0, 0.5) == pytest.approx(2.649594, abs=1e-6)
    found = [exact.spread(100, 96, k, 0.1, 0.05, 0.2, 0.1, 0.5, 1.0) for k in (0.4, 4.0)]
    assert found == pytest.approx([8.312460732881, 6.653065107468], abs=1e-9)


def test_paths_published(exact):
    # Broadie, Glasserman and Kou (1997); Longstaff and Schwartz (2001) by trees; Haug for the lookback
    assert exact.discrete_barrier(100, 100, 95, 0.1, 0, 0.3, 0.2, 50) == pytest.approx(4.906789, abs=2e-5)
    assert exact.down_and_out_call(100, 100, 95, 0.1, 0, 0.3, 0.2) == pytest.approx(4.39750, abs=1e-5)
    assert exact.lattice(-1, 36, 40, 0.06, 0, 0.2, 1.0, 50) == pytest.approx(4.4780, abs=3e-4)
    assert exact.lookback_floating_call(100, 0.05, 0.3, 1.0) == pytest.approx(23.7884, abs=1e-4)
