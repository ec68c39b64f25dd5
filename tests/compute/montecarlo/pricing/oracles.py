"""Exact prices by closed forms, quadrature and trees. Nothing here is simulated or shared with the code under test."""

import math

import numpy as np
from scipy import integrate, special, stats


def black_scholes(sign, s, k, r, q, v, t):
    forward, deviation = s * math.exp((r - q) * t), v * math.sqrt(t)
    return math.exp(-r * t) * black(sign, forward, k, deviation)


def black(sign, forward, k, deviation):
    d1 = math.log(forward / k) / deviation + deviation / 2
    cdf = stats.norm.cdf
    return sign * (forward * cdf(sign * d1) - k * cdf(sign * (d1 - deviation)))


def margrabe(s1, s2, q1, q2, v1, v2, rho, t):
    deviation = math.sqrt((v1 * v1 + v2 * v2 - 2 * rho * v1 * v2) * t)
    return black(1, s1 * math.exp(-q1 * t), s2 * math.exp(-q2 * t), deviation)


def spread(s1, s2, k, r, q, v1, v2, rho, t):
    """Given the second price the first is lognormal: Black's formula, integrated over the second."""
    root = math.sqrt(t)

    def part(z):
        second = s2 * math.exp((r - q - v2 * v2 / 2) * t + v2 * root * z)
        forward = s1 * math.exp((r - q - rho * rho * v1 * v1 / 2) * t + rho * v1 * root * z)
        return black(1, forward, second + k, v1 * math.sqrt((1 - rho * rho) * t)) * stats.norm.pdf(z)

    return math.exp(-r * t) * integrate.quad(part, -9, 9, epsabs=1e-12, limit=200)[0]


# ---- characteristic functions of ln(S_T / F) and the price by Lewis' integral --------------------------------------


def lewis(characteristic, sign, s, k, r, q, t):
    """Lewis (2001): C = e^(-rT) (F - sqrt(F K) / pi * integral of Re[e^(iux) phi(u - i/2)] / (u^2 + 1/4))."""
    forward = s * math.exp((r - q) * t)
    x = math.log(forward / k)

    def part(u):
        return (np.exp(1j * u * x) * characteristic(u - 0.5j)).real / (u * u + 0.25)

    total = integrate.quad(part, 0, 50, epsabs=1e-12, limit=500)[0] + integrate.quad(part, 50, 2000, limit=2000)[0]
    call = forward - math.sqrt(forward * k) / math.pi * total
    return math.exp(-r * t) * (call if sign > 0 else call - forward + k)


def brownian(v, t):
    return lambda u: np.exp(-0.5 * v * v * t * (u * u + 1j * u))


def merton_jumps(intensity, mean, deviation, t):
    growth = math.expm1(mean + deviation**2 / 2)
    return lambda u: np.exp(intensity * t * (np.exp(1j * u * mean - 0.5 * deviation**2 * u * u) - 1 - 1j * u * growth))


def kou_jumps(intensity, p, up, down, t):
    growth = p * up / (up - 1) + (1 - p) * down / (down + 1) - 1
    return lambda u: np.exp(
        intensity * t * (p * up / (up - 1j * u) + (1 - p) * down / (down + 1j * u) - 1 - 1j * u * growth)
    )


def heston(v0, kappa, theta, epsilon, rho, t):
    """Heston in the form of Albrecher et al. (2007), which has no branch cuts."""

    def phi(u):
        beta = kappa - rho * epsilon * 1j * u
        d = np.sqrt(beta**2 + epsilon**2 * (u * u + 1j * u))
        g = (beta - d) / (beta + d)
        decay = np.exp(-d * t)
        c = kappa * theta / epsilon**2 * ((beta - d) * t - 2 * np.log((1 - g * decay) / (1 - g)))
        return np.exp(c + v0 * (beta - d) / epsilon**2 * (1 - decay) / (1 - g * decay))

    return phi


def product(*functions):
    return lambda u: math.prod(f(u) for f in functions) if isinstance(u, float) else np.prod([f(u) for f in functions])


def merton_series(sign, s, k, r, q, v, t, intensity, mean, deviation):
    """Merton (1976): Black-Scholes prices, weighted by the probabilities of the numbers of jumps."""
    growth = math.expm1(mean + deviation**2 / 2)
    forward = s * math.exp((r - q - intensity * growth) * t)
    return math.exp(-r * t) * sum(
        stats.poisson.pmf(n, intensity * t)
        * black(sign, forward * math.exp(n * (mean + deviation**2 / 2)), k, math.sqrt(v * v * t + n * deviation**2))
        for n in range(80)
    )


# ---- paths ---------------------------------------------------------------------------------------------------------


def down_and_out_call(s, k, h, r, q, v, t):
    """Reiner and Rubinstein (1991), barrier below the strike, observed all the time, by reflection."""
    power = 1 - 2 * (r - q) / v**2
    return black_scholes(1, s, k, r, q, v, t) - (s / h) ** power * black_scholes(1, h * h / s, k, r, q, v, t)


def discrete_barrier(s, k, h, r, q, v, t, steps):
    """Down-and-out call observed at the steps: the density above the barrier, stepped by Gauss-Legendre quadrature."""
    dt = t / steps
    drift, deviation = (r - q - v * v / 2) * dt, v * math.sqrt(dt)
    top = math.log(s / h) + 8 * v * math.sqrt(t)
    nodes, weights = np.polynomial.legendre.leggauss(400)
    y, w = 0.5 * top * (nodes + 1), 0.5 * top * weights
    density = stats.norm.pdf(y, math.log(s / h) + drift, deviation)
    step = stats.norm.pdf(y[:, None], y[None, :] + drift, deviation) * w[None, :]
    for _ in range(steps - 2):
        density = np.einsum("ij,j->i", step, density)
    # The last step in closed form: barrier and strike are looked at together, and the barrier lies below.
    forward = h * np.exp(y + (r - q) * dt)
    last = np.array([black(1, f, k, deviation) for f in forward])
    return math.exp(-r * t) * float((w * density * last).sum())


def lattice(sign, s, k, r, q, v, t, dates, per_date=40):
    """Bermudan option on a binomial tree of the logarithm; the mean of two trees of neighbouring sizes."""

    def tree(per):
        n = dates * per
        dt = t / n
        up = math.exp(v * math.sqrt(dt))
        p = (math.exp((r - q) * dt) - 1 / up) / (up - 1 / up)
        discount = math.exp(-r * dt)
        level = s * up ** np.arange(-n, n + 1, 2)
        value = np.maximum(sign * (level - k), 0)
        for step in range(n - 1, -1, -1):
            value = discount * (p * value[1:] + (1 - p) * value[:-1])
            level = level[:-1] * up
            if step > 0 and step % per == 0:
                value = np.maximum(value, sign * (level - k))
        return float(value[0])

    return 0.5 * (tree(per_date) + tree(per_date + 1))


def lookback_floating_call(s, r, v, t):
    """Goldman, Sosin and Gatto (1979), observed all the time from its start, without dividends."""
    root = v * math.sqrt(t)
    a1 = (r + v * v / 2) * t / root
    cdf = special.ndtr
    rest = cdf(-a1) - math.exp(-r * t) * cdf(-a1 + 2 * r * math.sqrt(t) / v)
    return s * cdf(a1) - s * math.exp(-r * t) * cdf(a1 - root) - s * v * v / (2 * r) * rest
