"""How long customers under contract stay: the shifted-beta-geometric model, from counts per renewal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln, hyp2f1, ndtri

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import Estimate, Measured, NoEstimate
from touchstone.stats.likelihood import Array, LogLikelihood, cubature, maximise

FEWEST_LOST = 10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Renewals:
    """A fitted shifted-beta-geometric: each customer leaves at a renewal with an own probability ~ Beta(α, β).

    `covariance`, shape (2, 2), is that of (ln α, ln β). So the longer customers have stayed, the fewer leave: those
    most likely to leave have left.
    """

    alpha: float
    beta: float
    covariance: Array
    log_likelihood: float
    n: int

    def survival(self, renewals: int, *, level: float = 0.95) -> Measured:
        """Share, in %, still there after `renewals` renewals: S(t) = B(α, β+t)/B(α, β). Interval on the logit scale."""

        def logit(parameters: Array) -> float:
            log_share = _log_survival(np.log(parameters), np.array([float(renewals)]))[0][0]
            return float(log_share - np.log(-np.expm1(log_share)))

        if renewals < 1:
            raise BadDefinition("Everyone is there before the first renewal: ask for 1 or more.")
        return self._estimate(logit, lambda value: 100 / (1 + np.exp(-value)), "%", level)

    def remaining(self, discount: float, *, renewals: int = 0, level: float = 0.95) -> Measured:
        """Discounted expected payments to come from a customer who has renewed `renewals` times, just before the next.

        DERL = (β+n−1)/(α+β+n−1) · ₂F₁(1, β+n; α+β+n; 1/(1+d)) with n = renewals + 1; the next payment is not
        discounted (Fader and Hardie 2010). Multiply by the margin of a payment. `discount` d is per renewal period.
        """
        if not discount > 0:
            raise BadDefinition("Payments without end need a discount above 0.")

        def logarithm(parameters: Array) -> float:
            alpha, beta = parameters
            before = beta + renewals
            stays = before / (alpha + before)
            return float(np.log(stays * hyp2f1(1, before + 1, alpha + before + 1, 1 / (1 + discount))))

        return self._estimate(logarithm, np.exp, "payments", level)

    def _estimate(
        self, of: Callable[[Array], float], back: Callable[[float], float], unit: str, level: float
    ) -> Measured:
        at, points = cubature([(np.array([self.alpha, self.beta]), self.covariance)])
        value = of(at)
        spread = float(np.std([of(point) for point in points]))
        low, high = (float(back(value + side * ndtri(0.5 + level / 2) * spread)) for side in (-1, 1))
        if not (np.isfinite([low, high]).all() and low < high):
            return NoEstimate("the renewals seen so far do not bound it", self.n)
        return Estimate(
            value=float(back(value)),
            low=low,
            high=high,
            se=(high - low) / (2 * float(ndtri(0.5 + level / 2))),
            n=self.n,
            effective_n=float(self.n),
            unit=unit,
            level=level,
            method="shifted beta-geometric",
        )


def fit_renewals(lost: npt.ArrayLike, kept: npt.ArrayLike) -> Renewals | NoEstimate:
    """Maximum likelihood of Fader and Hardie's (2007) sBG.

    `lost[t−1]` customers left at renewal t; `kept[t−1]` were last seen having made renewal t (of any cohort).
    ln L = Σ lost_t ln P(t) + kept_t ln S(t), P(t) = B(α+1, β+t−1)/B(α, β), S(t) = B(α, β+t)/B(α, β).
    Leans on: a decision at each renewal, and a mix of customers that stays as it was when they joined.
    """
    gone, stayed = np.asarray(lost, dtype=float), np.asarray(kept, dtype=float)
    if gone.shape != stayed.shape or (gone < 0).any() or (stayed < 0).any():
        raise BadDefinition("Customers lost and kept are counts per renewal, one of each.")
    n = int(gone.sum() + stayed.sum())
    if gone.sum() < FEWEST_LOST or np.count_nonzero(gone) < 2:
        return NoEstimate(
            f"{int(gone.sum())} customers left at {np.count_nonzero(gone)} renewals;"
            f" a forecast needs at least {FEWEST_LOST} at two or more",
            n,
        )
    found = maximise(_likelihood(gone, stayed), np.zeros(2), n)
    if found.covariance is None:
        return NoEstimate("the renewals do not tell how much customers differ; more renewals would", n)
    alpha, beta = (float(value) for value in np.exp(found.at))
    return Renewals(alpha=alpha, beta=beta, covariance=found.covariance, log_likelihood=found.value, n=n)


def _log_survival(logs: Array, t: Array) -> tuple[Array, Array]:
    """ln S(t) and its gradient in (α, β), shapes (len(t),) and (2, len(t))."""
    alpha, beta = np.exp(logs)
    log_share: Array = gammaln(beta + t) - gammaln(beta) + gammaln(alpha + beta) - gammaln(alpha + beta + t)
    of_alpha = digamma(alpha + beta) - digamma(alpha + beta + t)
    return log_share, np.array([of_alpha, of_alpha + digamma(beta + t) - digamma(beta)])


def _likelihood(lost: Array, kept: Array) -> LogLikelihood:
    t = np.arange(1.0, len(lost) + 1)

    def likelihood(logs: Array) -> tuple[float, Array]:
        alpha, beta = np.exp(logs)
        log_share, slope = _log_survival(logs, t)
        # P(t) = S(t) α/(β+t−1)
        value = (lost + kept) @ log_share + lost.sum() * logs[0] - lost @ np.log(beta + t - 1)
        total = slope @ (lost + kept) + np.array([lost.sum() / alpha, -(lost @ (1 / (beta + t - 1)))])
        return float(value), total * np.exp(logs)

    return likelihood
