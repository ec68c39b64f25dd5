"""Exact laws of a path whose simple daily returns are iid, normal or not, by quadrature and closed forms.

Nothing here is simulated, and nothing is shared with the code under test.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import integrate, interpolate, optimize, stats

NODES = 128
MOMENT_NODES = 48


@dataclass(frozen=True)
class NormalDays:
    mean: float
    deviation: float
    days: int

    @property
    def daily(self):
        """The distribution of one day's simple return."""
        return stats.norm(self.mean, self.deviation)

    # ---- terminal return: moments in closed form, the distribution by Fourier transform ---------------------------

    def wealth_moment(self, power: int) -> float:
        a, moment = 1.0 + self.mean, self.central_moment
        one_day = {
            1: a,
            2: a**2 + moment(2),
            3: a**3 + 3 * a * moment(2) + moment(3),
            4: a**4 + 6 * a * a * moment(2) + 4 * a * moment(3) + moment(4),
        }[power]
        return one_day**self.days

    def central_moment(self, power: int) -> float:
        return {2: self.deviation**2, 3: 0.0, 4: 3.0 * self.deviation**4}[power]

    @property
    def return_mean(self) -> float:
        return self.wealth_moment(1) - 1.0

    @property
    def return_std(self) -> float:
        return math.sqrt(self.wealth_moment(2) - self.wealth_moment(1) ** 2)

    @property
    def return_skewness(self) -> float:
        e1, e2, e3 = (self.wealth_moment(k) for k in (1, 2, 3))
        return (e3 - 3 * e1 * e2 + 2 * e1**3) / self.return_std**3

    @property
    def return_kurtosis(self) -> float:
        e1, e2, e3, e4 = (self.wealth_moment(k) for k in (1, 2, 3, 4))
        return (e4 - 4 * e1 * e3 + 6 * e1 * e1 * e2 - 3 * e1**4) / self.return_std**4

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Density of log(1 + r) for one day."""
        return self.daily.pdf(np.expm1(x)) * np.exp(x)

    @cached_property
    def _terminal(self) -> tuple:
        """Log wealth: spline of its distribution function, and of the integral of (e^x - 1) times its density."""
        points = 1 << 15
        centre = integrate.quad(
            lambda x: x * self.log_density(np.array(x)),
            math.log1p(self.mean - 12 * self.deviation),
            math.log1p(self.mean + 12 * self.deviation),
            epsabs=1e-15,
        )[0]
        width = 24 * self.deviation * math.sqrt(self.days) + 24 * self.deviation
        step = width / points
        grid = (np.arange(points) - points // 2) * step
        transform = np.fft.fft(np.fft.ifftshift(self.log_density(grid + centre)) * step)
        density = np.fft.fftshift(np.fft.ifft(transform**self.days).real) / step
        x = grid + self.days * centre
        cdf = interpolate.CubicSpline(x, density).antiderivative()
        below = interpolate.CubicSpline(x, density * np.expm1(x)).antiderivative()
        return x, interpolate.CubicSpline(x, density), cdf, below

    def return_cdf(self, value: float) -> float:
        return float(self._terminal[2](math.log1p(value)))

    def return_density(self, value: float) -> float:
        return float(self._terminal[1](math.log1p(value))) / (1.0 + value)

    def return_quantile(self, p: float) -> float:
        x, _, cdf, _ = self._terminal
        return math.expm1(optimize.brentq(lambda y: float(cdf(y)) - p, x[0], x[-1], xtol=1e-14))

    def return_shortfall(self, p: float) -> float:
        below = self._terminal[3]
        return float(below(math.log1p(self.return_quantile(p)))) / p

    # ---- volatility and Sharpe ratio of a path: chi and noncentral t -----------------------------------------------

    @property
    def volatility(self):
        return stats.chi(self.days - 1, scale=self.deviation * math.sqrt(252 / (self.days - 1)))

    @property
    def sharpe(self):
        return stats.nct(
            self.days - 1, math.sqrt(self.days) * self.mean / self.deviation, scale=math.sqrt(252 / self.days)
        )

    # ---- maximum drawdown: D_t = max(0, D_{t-1} - log(1 + r_t)) stays below a barrier -------------------------------

    def drawdown_below(self, depth: float) -> float:
        """P(maximum drawdown < depth), depth positive; the peak includes the start."""
        if depth <= 0.0:
            return 0.0
        barrier = -math.log1p(-depth)
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        y, w = 0.5 * barrier * (nodes + 1.0), 0.5 * barrier * weights
        from_zero = self.log_density(-y)
        kernel = self.log_density(y[None, :] - y[:, None]) * w[None, :]
        to_zero = self.daily.sf(np.expm1(y)) * w
        stay = float(self.daily.sf(0.0))
        atom, density = 1.0, np.zeros(NODES)
        for _ in range(self.days):
            # einsum and not BLAS, whose threads wait for each other on a busy machine.
            moved = np.einsum("ij,j->i", kernel, density)
            atom, density = atom * stay + (to_zero * density).sum(), atom * from_zero + moved
        return float(atom + w @ density)

    def drawdown_quantile(self, p: float) -> float:
        """Depth that the maximum drawdown stays below with probability p."""
        return optimize.brentq(lambda depth: self.drawdown_below(depth) - p, 1e-3, 0.95, xtol=1e-10)

    @cached_property
    def drawdown_moments(self) -> tuple[float, float]:
        """Mean and standard deviation of the maximum drawdown's depth."""
        top = self.drawdown_quantile(1.0 - 1e-10)
        nodes, weights = np.polynomial.legendre.leggauss(MOMENT_NODES)
        depth, w = 0.5 * top * (nodes + 1.0), 0.5 * top * weights
        above = np.array([1.0 - self.drawdown_below(d) for d in depth])
        mean = float(w @ above)
        return mean, math.sqrt(float(w @ (2.0 * depth * above)) - mean * mean)


@dataclass(frozen=True)
class StudentDays(NormalDays):
    """Days with Student's t distribution ; `volatility` and `sharpe` do not apply."""

    degrees: float = 5.0

    @cached_property
    def daily(self):
        return stats.t(self.degrees, self.mean, self.deviation * math.sqrt((self.degrees - 2.0) / self.degrees))

    def central_moment(self, power: int) -> float:
        if power == 4:
            return 3.0 * self.deviation**4 * (self.degrees - 2.0) / (self.degrees - 4.0)
        return super().central_moment(power)
