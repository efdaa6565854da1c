"""A Gaussian process: what the scores seen say about a place not yet tried, and how sure that is."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from ..errors import ArgumentError

_LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6, 6.4)  # of the unit cube; along the last one all is alike
_NOISES = (1e-3, 1e-2, 1e-1)  # of the scores' variance, which is 1 once standardised


def rbf(a: np.ndarray, b: np.ndarray, lengths: np.ndarray | float) -> np.ndarray:
    """The kernel: how alike the scores at two places are, k(a, b) = exp(-sum_j (a_j - b_j)^2 / (2 l_j^2)).

    Args:
        a, b: (n, d) and (m, d), places.
        lengths: (d,) or one for all, over which the scores change.

    Returns:
        (n, m), from 0 to 1.

    >>> rbf(np.array([[0.0]]), np.array([[0.0], [1.0]]), 1.0).round(3)
    array([[1.   , 0.607]])
    """
    a, b = a / lengths, b / lengths
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    kernel: np.ndarray = np.exp(-0.5 * np.maximum(squares, 0))
    return kernel


class GaussianProcess:
    """Scores y at places x, taken for one draw of a normal distribution with covariance k(x, x) + noise I.

    Called with other places it gives the mean and the standard deviation of the score there:

        mean = k(., x) K^-1 y        variance = 1 - k(., x) K^-1 k(x, .)        K = k(x, x) + noise I

    Args:
        x: (n, d) places in the unit cube.
        y: (n,) scores.
        lengths: (d,) of the kernel, or one for all.
        noise: the variance of a score that is measured twice, as a share of the variance of all.

    Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), equations 2.25, 2.26 and 2.30.

    >>> model = GaussianProcess(np.array([[0.0], [1.0]]), np.array([3.0, 5.0]), 0.3, noise=1e-6)
    >>> mean, std = model(np.array([[0.0], [0.5], [1.0]]))
    >>> mean.round(2).tolist(), std.round(2).tolist()
    ([3.0, 4.0, 5.0], [0.0, 0.94, 0.0])
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, lengths: np.ndarray | float = 0.3, noise: float = 1e-2) -> None:
        if x.ndim != 2 or y.shape != x.shape[:1] or not len(y):
            raise ArgumentError(f"GaussianProcess: expected x (n, d) and y (n,), got {x.shape} and {y.shape}")
        self.x, self.lengths = x, lengths
        self.centre, self.scale = float(y.mean()), float(y.std()) or 1.0
        self.y = (y - self.centre) / self.scale
        self.root = np.linalg.cholesky(rbf(x, x, lengths) + (noise + 1e-9) * np.eye(len(y)))  # L with L L^T = K
        self.weights = self._solve(self.y)

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mean and the standard deviation (m,) of the score at places (m, d)."""
        k = rbf(x, self.x, self.lengths)
        mean = k @ self.weights
        variance = 1 - (k * self._solve(k.T).T).sum(axis=1)
        return self.centre + self.scale * mean, self.scale * np.sqrt(np.maximum(variance, 1e-12))

    def log_likelihood(self) -> float:
        """How well lengths and noise explain the scores: log p(y) = -y K^-1 y / 2 - log|K| / 2 - n log(2 pi) / 2."""
        fit = -0.5 * self.y @ self.weights - np.log(np.diag(self.root)).sum()
        return float(fit - 0.5 * len(self.y) * math.log(2 * math.pi))

    def _solve(self, b: np.ndarray) -> np.ndarray:
        """K^-1 b."""
        solution: np.ndarray = np.linalg.solve(self.root.T, np.linalg.solve(self.root, b))
        return solution

    @classmethod
    def fitted(cls, x: np.ndarray, y: np.ndarray) -> GaussianProcess:
        """The one whose lengths and noise explain the scores best: tried for all alike, then coordinate by coordinate.

        >>> x = np.random.default_rng(0).random((30, 2))
        >>> lengths = GaussianProcess.fitted(x, np.sin(6 * x[:, 0])).lengths  # the second coordinate plays no part
        >>> bool(lengths[1] > 4 * lengths[0])
        True
        """
        d = x.shape[1]
        tried = [cls(x, y, np.full(d, length), noise) for length, noise in product(_LENGTHS, _NOISES)]
        best = max(tried, key=cls.log_likelihood)
        noise = _NOISES[tried.index(best) % len(_NOISES)]
        for j in [*range(d), *range(d)]:
            others = [np.where(np.arange(d) == j, length, best.lengths) for length in _LENGTHS]
            best = max((cls(x, y, lengths, noise) for lengths in others), key=cls.log_likelihood)
        return best


def expected_improvement(mean: np.ndarray, std: np.ndarray, best: float) -> np.ndarray:
    """How much better than the best a place is on average, counting only what is better.

        EI = (mean - best) Phi(z) + std phi(z),   z = (mean - best) / std

    It is large where the mean is high, and where little is known.

    Args:
        mean, std: (m,) of the score at each place, higher is better.
        best: the best score so far.

    Source: Jones, Schonlau and Welch, "Efficient Global Optimization of Expensive Black-Box Functions" (1998), eq. 15.

    >>> expected_improvement(np.array([0.0, 0.0, 1.0]), np.array([0.1, 1.0, 0.1]), best=0.0).round(3)
    array([0.04 , 0.399, 1.   ])
    """
    z = (mean - best) / std
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    below = 0.5 * (1 + np.array([math.erf(v / math.sqrt(2)) for v in z]))
    improvement: np.ndarray = (mean - best) * below + std * density
    return improvement
