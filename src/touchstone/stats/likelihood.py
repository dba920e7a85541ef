"""Maximum likelihood for a handful of positive parameters, refused where the data do not tell them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Array = npt.NDArray[np.float64]
LogLikelihood = Callable[[Array], tuple[float, Array]]

VAGUE = 2.0  # standard error of a log parameter beyond which the data do not tell it: a factor of 50 either way


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Log parameters `at` the maximum of ln L, its `value`, and their `covariance`, the inverse observed information.

    Without a covariance the data do not tell the parameters apart, and `at` is only where the search ended.
    """

    at: Array
    value: float
    covariance: Array | None


def maximise(likelihood: LogLikelihood, start: Array, n: int) -> Maximum:
    """Maximise ln L of `n` observations over log parameters, from its value and exact gradient.

    Quasi-Newton steps, then Newton steps with the Hessian from central differences of the gradient, which is also
    the observed information. No covariance where it is not positive or leaves a log parameter vaguer than `VAGUE`.
    """

    def loss(at: Array) -> tuple[float, Array]:
        value, slope = likelihood(at)
        return -value / n, -slope / n

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-12.0, 12.0)] * len(start))
    at: Array = found.x
    moved = np.inf
    for _ in range(12):
        if moved > 1e-3:  # near the maximum the same Hessian serves
            values, vectors = np.linalg.eigh(_hessian(loss, at))
        if not values[0] > 0:
            break
        step: Array = vectors @ ((vectors.T @ loss(at)[1]) / values)
        moved = float(np.abs(step).max())
        if moved > 1.0:
            break
        at = at - step
        if moved < 1e-7:
            covariance: Array = (vectors / values) @ vectors.T / n
            vague = np.sqrt(np.diag(covariance)).max() > VAGUE
            return Maximum(at, float(likelihood(at)[0]), None if vague else covariance)
    return Maximum(found.x, float(-found.fun * n), None)


def cubature(fitted: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Parameters, shape (d,), and 2d equally likely draws of them, exp(ln θ̂ ± √d L e_i) with LL' = Σ, shape (2d, d).

    The spherical cubature rule of degree three: their mean and covariance on the log scale are exact, so a total's
    variance is right up to third-order terms, without a seed (Arasaratnam and Haykin 2009).
    """
    at = np.log(np.concatenate([parameters for parameters, _ in fitted]))
    d = len(at)
    root, place = np.zeros((d, d)), 0
    for parameters, covariance in fitted:
        size = len(parameters)
        root[place : place + size, place : place + size] = np.linalg.cholesky(covariance)
        place += size
    moves = np.sqrt(d) * root.T
    return np.exp(at), np.exp(np.concatenate([at + moves, at - moves]))


def dot(a: Array, b: Array) -> float:
    """Σ a_i b_i on one core: BLAS splits it over threads, which on a busy machine wait longer than they compute."""
    return float(np.einsum("i,i->", a, b))


def _hessian(loss: LogLikelihood, at: Array, step: float = 1e-4) -> Array:
    moves = step * np.eye(len(at))
    rows = np.array([(loss(at + move)[1] - loss(at - move)[1]) / (2 * step) for move in moves])
    symmetric: Array = (rows + rows.T) / 2
    return symmetric
