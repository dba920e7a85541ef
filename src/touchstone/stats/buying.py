"""How often customers without a contract buy, and whether they still do: the BG/NBD model from counts."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, expit, gammaln

from touchstone.core.errors import BadDefinition
from touchstone.core.estimate import NoEstimate
from touchstone.stats.likelihood import Array, LogLikelihood, Maximum, dot, maximise

FEWEST_REPEATERS = 30
NO_DROP_OUT = 2.71 / 2
_KNOTS = 24  # of the interpolation over customer age


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Customers:
    """Purchase histories, counted by distinct value; all arrays have shape (rows,), all times one unit.

    `x` repeat purchases (the first does not count), `last` time from the first to the last purchase (t_x; 0 when
    x = 0), `age` time since the first purchase (T), `count` customers with this history, `spend` their mean amount
    per repeat purchase (anything when x = 0), or None.
    """

    x: Array
    last: Array
    age: Array
    count: Array
    spend: Array | None = None

    @classmethod
    def of(
        cls,
        x: npt.ArrayLike,
        last: npt.ArrayLike,
        age: npt.ArrayLike,
        count: npt.ArrayLike | None = None,
        spend: npt.ArrayLike | None = None,
    ) -> Customers:
        """Checked histories. Errors: negative or fractional counts, a last purchase outside 0 … age."""
        repeats, t, T = (np.asarray(column, dtype=float) for column in (x, last, age))
        each = np.ones(len(repeats)) if count is None else np.asarray(count, dtype=float)
        if (repeats < 0).any() or (repeats != np.floor(repeats)).any() or (each < 0).any():
            raise BadDefinition("Repeat purchases and customers are counted: whole numbers from 0.")
        if not ((t >= 0) & (t <= T) & (T > 0)).all() or (t[repeats > 0] == 0).any():
            raise BadDefinition(
                "A last purchase lies after the first one and before the end of the data.",
                hint="count several orders of one day as one purchase.",
            )
        amount = None if spend is None else np.where(repeats > 0, np.asarray(spend, dtype=float), 0.0)
        return cls(x=repeats, last=np.where(repeats > 0, t, 0.0), age=T, count=each, spend=amount)

    @property
    def n(self) -> int:
        return int(self.count.sum())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Buying:
    """A fitted BG/NBD: purchase rates λ ~ Gamma(r, α) while active, drop-out after each purchase p ~ Beta(a, b).

    Where the histories show no sign that anyone leaves, `a` and `b` are None and nobody does (the NBD).
    `covariance` is that of the logarithms of `parameters`, the inverse observed information.
    """

    r: float
    alpha: float
    a: float | None
    b: float | None
    covariance: Array
    log_likelihood: float
    n: int

    @property
    def parameters(self) -> Array:
        """(r, α, a, b), or (r, α) where nobody leaves."""
        return np.array([value for value in (self.r, self.alpha, self.a, self.b) if value is not None])

    def alive(self, customers: Customers) -> Array:
        """P(still active | x, t_x, T) per row, see `alive`."""
        return alive(self.parameters, customers)

    def purchases(self, customers: Customers, horizon: float) -> Array:
        """Expected purchases per customer of each row in the `horizon` ahead (Fader, Hardie and Lee 2005, eq. 10)."""
        grid = Grid.over(customers, self.alpha)
        ahead = grid.expected(self.parameters, np.array([horizon]))[..., 0]
        return alive(self.parameters, customers) * grid.at_rows(ahead)


def fit_buying(customers: Customers) -> Buying | NoEstimate:
    """Maximum likelihood of the BG/NBD of Fader, Hardie and Lee (2005), from histories counted by (x, t_x, T).

    L = Γ(r+x)/Γ(r) · B(a, b+x)/B(a, b) · α^r [ (α+T)^{−(r+x)} + 1{x>0} a/(b+x−1) (α+t_x)^{−(r+x)} ].
    Leans on: Poisson buying while active, λ and p independent between customers, no seasons.

    Where the data do not tell a and b, and drop-out adds nothing to the fit (twice the gain in ln L below the 5 %
    point at a boundary, 2.71), the NBD is returned, a = b = None. NoEstimate with few repeat buyers, or where
    neither is told.
    """
    repeaters = int(customers.count[customers.x > 0].sum())
    if repeaters < FEWEST_REPEATERS:
        return NoEstimate(
            f"{repeaters} customers bought again; a forecast of purchases needs at least {FEWEST_REPEATERS}",
            customers.n,
        )
    unit = float(np.average(customers.age, weights=customers.count))
    rate = float(np.average(customers.x, weights=customers.count))
    start = np.log([0.5, 0.5 / rate, 0.5, 2.0])
    full = maximise(_buying_likelihood(customers, unit), start, customers.n)
    if full.covariance is not None:
        return _buying(full, full.covariance, unit, customers)
    loyal = maximise(_loyal_likelihood(customers, unit), start[:2], customers.n)
    if loyal.covariance is not None and full.value - loyal.value < NO_DROP_OUT:
        return _buying(loyal, loyal.covariance, unit, customers)
    return NoEstimate(
        "the purchases do not tell how many customers have left and how many only pause;"
        " a longer history or more repeat buyers would",
        customers.n,
    )


def _buying(found: Maximum, covariance: Array, unit: float, customers: Customers) -> Buying:
    r, alpha, *leaving = (float(value) for value in np.exp(found.at))
    a, b = leaving or (None, None)
    return Buying(
        r=r,
        alpha=alpha * unit,
        a=a,
        b=b,
        covariance=covariance,
        # densities of times measured in `unit`, turned back into those of times as given
        log_likelihood=found.value - float(customers.count @ customers.x * np.log(unit)),
        n=customers.n,
    )


def _loyal_likelihood(customers: Customers, unit: float) -> LogLikelihood:
    """ln L of the NBD, nobody leaving, and its gradient in (ln r, ln α): Σ ln Γ(r+x)/Γ(r) + r ln α − (r+x) ln(α+T)."""
    x, count, age = customers.x, customers.count, customers.age / unit
    n = float(count.sum())

    def likelihood(logs: Array) -> tuple[float, Array]:
        r, alpha = np.exp(logs)
        log_age = np.log(alpha + age)
        value = dot(count, gammaln(r + x) - gammaln(r) - (r + x) * log_age) + n * r * np.log(alpha)
        of_r = dot(count, digamma(r + x) - digamma(r) - log_age) + n * np.log(alpha)
        of_alpha = n * r / alpha - dot(count, (r + x) / (alpha + age))
        return value, np.array([of_r * r, of_alpha * alpha])

    return likelihood


def _buying_likelihood(customers: Customers, unit: float) -> LogLikelihood:
    """ln L and its gradient in (ln r, ln α, ln a, ln b).

    ln L_i = G(x) + r ln α − (r+x) ln(α+T) + 1{x>0} ln(1 + o), with the odds of having left
    o = a/(b+x−1) ((α+T)/(α+t_x))^{r+x}. Gamma functions and logarithms are taken once per distinct x, T and t_x, so a
    row costs one exponential and one logarithm.
    """
    n = float(customers.count.sum())
    xs, x_at = np.unique(customers.x, return_inverse=True)
    ages, age_at = np.unique(customers.age / unit, return_inverse=True)
    at_x = np.bincount(x_at, weights=customers.count)
    at_age = np.bincount(age_at, weights=customers.count)
    bought_at_age = np.bincount(age_at, weights=customers.count * customers.x)
    again = customers.x > 0
    x, count, x_at, age_at = customers.x[again], customers.count[again], x_at[again], age_at[again]
    lasts, last_at = np.unique(customers.last[again] / unit, return_inverse=True)

    def likelihood(logs: Array) -> tuple[float, Array]:
        r, alpha, a, b = np.exp(logs)
        log_age, log_last = np.log(alpha + ages), np.log(alpha + lasts)
        behind = np.where(xs > 0, b + xs - 1, 1.0)
        power, wait = r + x, log_age[age_at] - log_last[last_at]
        odds = np.exp(np.minimum(np.log(a / behind)[x_at] + power * wait, 700.0))
        gone = count * odds / (1 + odds)
        counted = gammaln(r + xs) - gammaln(r) + gammaln(a + b) + gammaln(b + xs) - gammaln(b) - gammaln(a + b + xs)
        exposed = r * at_age + bought_at_age
        value = at_x @ counted + n * r * np.log(alpha) - exposed @ log_age + dot(count, np.log1p(odds))
        both = digamma(a + b) - digamma(a + b + xs)
        later = 1 / (alpha + ages)
        slope = np.array(
            [
                at_x @ (digamma(r + xs) - digamma(r)) + n * np.log(alpha) - at_age @ log_age + dot(gone, wait),
                n * r / alpha - exposed @ later + dot(gone * power, later[age_at] - (1 / (alpha + lasts))[last_at]),
                at_x @ both + gone.sum() / a,
                at_x @ (both + digamma(b + xs) - digamma(b)) - dot(gone, (1 / behind)[x_at]),
            ]
        )
        return float(value), slope * np.exp(logs)

    return likelihood


# --- forecasts ------------------------------------------------------------------------------------------------------


def alive(parameters: Array, customers: Customers) -> Array:
    """P(still active | x, t_x, T) per row: 1 / (1 + 1{x>0} a/(b+x−1) ((α+T)/(α+t_x))^{r+x}).

    `parameters` are (r, α, a, b), or (r, α) where nobody leaves. Nor has anyone without a repeat purchase: 1.
    """
    if len(parameters) == 2:
        return np.ones(len(customers.x))
    r, alpha, a, b = parameters
    x = customers.x
    behind = np.where(x > 0, b + x - 1, 1.0)
    odds_gone = np.log(a / behind) + (r + x) * (np.log(alpha + customers.age) - np.log(alpha + customers.last))
    still: Array = np.where(x > 0, expit(-odds_gone), 1.0)
    return still


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Forecasts of an active customer depend on (x, T) only, and smoothly on T.

    So they are taken at each distinct x and a few ages, and interpolated in ln(α̂ + T) (barycentric, Chebyshev
    points): 24 ages give 8 digits, whatever the number of rows. `weights`, shape (distinct ages, knots).
    """

    xs: Array
    x_at: npt.NDArray[np.intp]
    knots: Array
    weights: Array
    age_at: npt.NDArray[np.intp]

    @classmethod
    def over(cls, customers: Customers, alpha: float) -> Grid:
        xs, x_at = np.unique(customers.x, return_inverse=True)
        ages, age_at = np.unique(customers.age, return_inverse=True)
        if len(ages) <= _KNOTS:
            return cls(xs, x_at, ages, np.eye(len(ages)), age_at)
        at = np.log(alpha + ages)
        angle = (np.arange(_KNOTS) + 0.5) * np.pi / _KNOTS
        points = (at[0] + at[-1]) / 2 - (at[-1] - at[0]) / 2 * np.cos(angle)
        gap = at[:, None] - points
        share: Array = (-1.0) ** np.arange(_KNOTS) * np.sin(angle) / np.where(gap == 0, 1e-300, gap)
        return cls(xs, x_at, np.exp(points) - alpha, share / share.sum(axis=1, keepdims=True), age_at)

    def expected(self, parameters: Array, times: Array) -> Array:
        """E[Y] of the purchases Y within each of `times` (rising), if active now: (distinct x, knots, times).

        Given λ and p, E[Y] = (1 − e^{−λpt})/p. Then λ ~ Gamma(s = r+x, α+T) is averaged in closed form and
        p ~ Beta(a, b+x) by Gauss-Jacobi quadrature, which has none of the cancellation of the usual ₂F₁ near a = 1 or
        for many purchases.
        """
        if len(parameters) == 2:
            return self._rates(parameters) * times
        p, weight, s, q = self._posterior(parameters, times)
        expected: Array = (weight * -np.expm1(-s * np.log1p(q)) / p).sum(axis=-1)
        return expected

    def pairs(self, parameters: Array, times: Array) -> Array:
        """E[Y(Y−1)], as `expected`: given λ and p it is 2(1−p)/p² [1 − e^{−λpt}(1 + λpt)]."""
        if len(parameters) == 2:
            rates, age = self._rates(parameters), (parameters[1] + self.knots)[:, None]
            loyal: Array = rates * (rates + 1 / age) * times**2
            return loyal
        p, weight, s, q = self._posterior(parameters, times)
        log_q = np.log1p(q)
        exact = -np.expm1(-s * log_q) - s * q * np.exp(-(s + 1) * log_q)
        # for small q the exact form cancels
        series = s * (s + 1) * q**2 * (0.5 - (s + 2) * q / 3)
        twice = np.where((s + 2) * q < 1e-4, series, exact)
        pairs: Array = (weight * 2 * (1 - p) / p**2 * twice).sum(axis=-1)
        return pairs

    def _rates(self, parameters: Array) -> Array:
        """E[λ] = (r+x)/(α+T), over (distinct x, knots, 1)."""
        r, alpha = parameters
        rates: Array = ((r + self.xs)[:, None] / (alpha + self.knots))[..., None]
        return rates

    def _posterior(self, parameters: Array, times: Array) -> tuple[Array, Array, Array, Array]:
        """Nodes p with their weights, s = r + x and q = pt/(α+T), over (distinct x, knots, times, nodes)."""
        r, alpha, a, b = parameters
        # the integrand bends at p near (α+T)/t times its own scale: nodes enough to follow it
        bend = times[-1] / (alpha + self.knots[0])
        p, weight = _beta_nodes(a, b + self.xs, ceil(min(128.0, max(16.0, 12 * np.sqrt(bend)))))
        p, weight = p[:, None, None, :], weight[:, None, None, :]
        ratio = (times / (alpha + self.knots)[:, None])[..., None]
        return p, weight, (r + self.xs)[:, None, None, None], p * ratio

    def at_rows(self, values: Array) -> Array:
        """Values at (distinct x, knots), read at every row."""
        rows: Array = (values @ self.weights.T)[self.x_at, self.age_at]
        return rows


def _beta_nodes(a: float, b: Array, size: int) -> tuple[Array, Array]:
    """Gauss quadrature for Beta(a, b_i): nodes and weights, shape (len(b), size) (Golub and Welsch 1969)."""
    A, B = b[:, None] - 1.0, a - 1.0
    k = np.arange(1, size)
    total = 2 * k + A + B
    diagonal = np.concatenate([(B - A) / (A + B + 2), (B - A) * (B + A) / (total * (total + 2))], axis=1)
    # (k+A+B)/(2k+A+B−1) is 1 at k = 1, also where both vanish
    fraction = np.where(k == 1, 1.0, (k + A + B) / np.where(k == 1, 1.0, total - 1))
    beside = np.sqrt(4 * k * (k + A) * (k + B) * fraction / (total**2 * (total + 1)))
    matrices = np.zeros((len(b), size, size))
    at = np.arange(size)
    matrices[:, at, at] = diagonal
    matrices[:, at[1:], at[:-1]] = matrices[:, at[:-1], at[1:]] = beside
    nodes, vectors = np.linalg.eigh(matrices)
    points: Array = np.clip((1 + nodes) / 2, 1e-12, 1 - 1e-12)
    weights: Array = vectors[:, 0, :] ** 2
    return points, weights
