"""Weighted second moments of several columns at once: the one small matrix from which regressions are read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from touchstone.core.errors import BadDefinition, UnknownName

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# a column that keeps less than this share of its variance, given the columns before it, repeats them
COLLINEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Rank:
    """Which columns carry something of their own (`kept`), and which repeat others or never vary (`dropped`)."""

    kept: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Gram:
    """Second moments of a vector z of q columns with weight ω, centred, so that large values do not cancel.

    `n` rows; `w` = Σω; `mean` = Σωz / w, shape (q,); `cross` = Σω(z − mean)(z − mean)', shape (q, q).
    `+` merges two disjoint sets of rows (Chan, Golub and LeVeque 1979).
    """

    columns: tuple[str, ...]
    n: int
    w: float
    mean: Array
    cross: Array

    @classmethod
    def of(cls, z: npt.ArrayLike, weights: npt.ArrayLike | None = None, *, columns: Sequence[str]) -> Gram:
        """Moments of the rows of `z`, shape (n, q). No value may be missing: see `touchstone.stats.missing`."""
        rows = _rows(z, columns)
        return Grams.of(rows, np.zeros(len(rows), dtype=np.int64), weights, columns=columns, groups=1).total()

    @classmethod
    def from_sums(
        cls,
        columns: Sequence[str],
        *,
        n: int,
        w: float,
        sums: npt.ArrayLike,
        products: npt.ArrayLike,
        centre: npt.ArrayLike,
    ) -> Gram:
        """From sums an engine took: `sums` = Σω(z − centre), `products` = Σω(z − centre)(z − centre)'."""
        stack = Grams.from_sums(
            columns,
            n=np.asarray([n]),
            w=[w],
            sums=np.asarray(sums)[None],
            products=np.asarray(products)[None],
            centre=centre,
        )
        return stack.total()

    def __add__(self, other: Gram) -> Gram:
        _same(self.columns, other.columns)
        w, mean, cross = _merge(*_parts(self), *_parts(other))
        return Gram(columns=self.columns, n=self.n + other.n, w=float(w), mean=mean, cross=cross)

    @property
    def covariance(self) -> Array:
        """Population covariance `cross / w`, shape (q, q)."""
        covariance: Array = self.cross / self.w
        return covariance

    @property
    def correlation(self) -> Array:
        """Correlations, shape (q, q). A column that never varies has none and is an error: drop it by `rank`."""
        deviation = np.sqrt(np.diag(self.cross))
        if not (deviation > 0).all():
            raise BadDefinition(
                f"'{self.columns[int(np.argmin(deviation))]}' never varies, so it correlates with nothing."
            )
        correlation: Array = self.cross / np.outer(deviation, deviation)
        return correlation

    def submatrix(self, names: Sequence[str]) -> Gram:
        """The same rows, seen through the columns `names`, in that order."""
        at = places(names, self.columns)
        return Gram(columns=tuple(names), n=self.n, w=self.w, mean=self.mean[at], cross=self.cross[np.ix_(at, at)])

    def rank(self, names: Sequence[str], *, tolerance: float = COLLINEAR) -> Rank:
        """Tell columns that add something from those that do not, by a Cholesky factorisation in the order given.

        A column is dropped when its pivot, the share of its variance left after the columns kept before it
        (1 − R²), is at most `tolerance`, or when it never varies.
        """
        cross = self.submatrix(names).cross.copy()
        variance = np.diag(cross).copy()
        # rounding leaves a constant column a variance of about (eps · mean)² n
        floor = self.w * (4 * np.finfo(float).eps * np.abs(self.submatrix(names).mean)) ** 2
        kept: list[str] = []
        for j, name in enumerate(names):
            pivot = cross[j, j]
            if variance[j] <= floor[j] or pivot <= tolerance * variance[j]:
                continue
            kept.append(name)
            cross -= np.outer(cross[:, j], cross[j]) / pivot
        return Rank(tuple(kept), tuple(name for name in names if name not in kept))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Grams:
    """One Gram per replicate group (disjoint sets of whole customers), stacked.

    `n`, `w` have shape (R,), `mean` (R, q), `cross` (R, q, q); see `Gram`. `+` merges group by group.
    """

    columns: tuple[str, ...]
    n: Integers
    w: Array
    mean: Array
    cross: Array

    @classmethod
    def of(
        cls,
        z: npt.ArrayLike,
        replicate: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        columns: Sequence[str],
        groups: int,
    ) -> Grams:
        """Moments of the rows of `z`, shape (n, q), per value 0 … groups − 1 of `replicate`, shape (n,)."""
        rows = _rows(z, columns)
        group = np.asarray(replicate, dtype=np.int64)
        omega = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=float)
        if not np.isfinite(omega).all() or (omega < 0).any():
            raise BadDefinition("A weight is a number of at least 0.", hint="check the column of weights.")
        centre = rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1])
        shifted = rows - centre
        sums = np.zeros((groups, rows.shape[1]))
        products = np.zeros((groups, rows.shape[1], rows.shape[1]))
        for r in range(groups):
            mine = group == r
            weighted = shifted[mine] * omega[mine, None]
            sums[r] = weighted.sum(axis=0)
            products[r] = shifted[mine].T @ weighted
        return cls.from_sums(
            columns,
            n=np.bincount(group, minlength=groups),
            w=np.bincount(group, weights=omega, minlength=groups),
            sums=sums,
            products=products,
            centre=centre,
        )

    @classmethod
    def from_sums(
        cls,
        columns: Sequence[str],
        *,
        n: npt.ArrayLike,
        w: npt.ArrayLike,
        sums: npt.ArrayLike,
        products: npt.ArrayLike,
        centre: npt.ArrayLike,
    ) -> Grams:
        """From sums per group: `sums` (R, q) = Σω(z − centre), `products` (R, q, q), `centre` (q,) a pilot mean."""
        total, first, second = np.asarray(w, float), np.asarray(sums, float), np.asarray(products, float)
        shift = first / np.where(total > 0, total, 1.0)[:, None]
        cross = second - shift[:, :, None] * first[:, None, :]
        return cls(
            columns=tuple(columns),
            n=np.asarray(n, dtype=np.int64),
            w=total,
            mean=np.asarray(centre, float) + shift,
            cross=(cross + cross.transpose(0, 2, 1)) / 2,
        )

    def __add__(self, other: Grams) -> Grams:
        _same(self.columns, other.columns)
        w, mean, cross = _merge(*_parts(self), *_parts(other))
        return Grams(columns=self.columns, n=self.n + other.n, w=w, mean=mean, cross=cross)

    def total(self) -> Gram:
        """All groups together."""
        w = float(self.w.sum())
        mean = self.w @ self.mean / w if w > 0 else self.mean.mean(axis=0)
        gap = self.mean - mean
        cross = self.cross.sum(axis=0) + (gap * self.w[:, None]).T @ gap
        return Gram(columns=self.columns, n=int(self.n.sum()), w=w, mean=mean, cross=cross)

    def filled(self) -> Grams:
        """Without the groups that hold no weight: they are not replicates."""
        some = self.w > 0
        return Grams(columns=self.columns, n=self.n[some], w=self.w[some], mean=self.mean[some], cross=self.cross[some])

    def without_each(self) -> Grams:
        """For each group the moments of all the others, by subtracting it from the total."""
        whole = self.total()
        # taking rows away is merging rows of negative weight
        w, mean, cross = _merge(*_parts(whole), -self.w, self.mean, -self.cross)
        return Grams(columns=self.columns, n=whole.n - self.n, w=w, mean=mean, cross=cross)

    def fold(self, groups: int) -> Grams:
        """Fewer groups: group r joins r mod `groups` (256 hashed replicates to 64, say)."""
        if len(self.w) % groups:
            raise BadDefinition(f"{len(self.w)} replicate groups do not fold into {groups}.")
        parts = [self._slice(start, start + groups) for start in range(0, len(self.w), groups)]
        folded = parts[0]
        for part in parts[1:]:
            folded = folded + part
        return folded

    def submatrix(self, names: Sequence[str]) -> Grams:
        """The same groups, seen through the columns `names`, in that order."""
        at = places(names, self.columns)
        cross = self.cross[:, at][:, :, at]
        return Grams(columns=tuple(names), n=self.n, w=self.w, mean=self.mean[:, at], cross=cross)

    def _slice(self, start: int, stop: int) -> Grams:
        part = slice(start, stop)
        return Grams(columns=self.columns, n=self.n[part], w=self.w[part], mean=self.mean[part], cross=self.cross[part])


def places(names: Sequence[str], columns: Collection[str]) -> Integers:
    """Where each of `names` stands among `columns`."""
    where = {column: place for place, column in enumerate(columns)}
    for name in names:
        if name not in where:
            raise UnknownName.among("column", name, where)
    return np.array([where[name] for name in names], dtype=np.int64)


def _merge(
    w1: Array | float, m1: Array, c1: Array, w2: Array | float, m2: Array, c2: Array
) -> tuple[Array, Array, Array]:
    """Chan's update, over any leading axes: mean = m1 + δ w2/W, cross = c1 + c2 + δδ' w1 w2/W, δ = m2 − m1."""
    first, second = np.asarray(w1, float), np.asarray(w2, float)
    w = first + second
    share = second / np.where(w != 0, w, 1.0)
    gap = m2 - m1
    mean = m1 + gap * share[..., None]
    cross = c1 + c2 + gap[..., :, None] * gap[..., None, :] * (first * share)[..., None, None]
    return w, mean, cross


def _parts(gram: Gram | Grams) -> tuple[Array | float, Array, Array]:
    return gram.w, gram.mean, gram.cross


def _same(mine: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    if mine != theirs:
        raise BadDefinition(f"Moments of different columns do not add up: {', '.join(mine)} and {', '.join(theirs)}.")


def _rows(z: npt.ArrayLike, columns: Sequence[str]) -> Array:
    rows = np.asarray(z, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != len(columns):
        raise BadDefinition(f"Expected rows of {len(columns)} columns, got an array of shape {rows.shape}.")
    if not np.isfinite(rows).all():
        raise BadDefinition("Some values are missing.", hint="take moments per pattern of answered items instead.")
    return rows
