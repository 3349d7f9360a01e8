"""Truncated decompositions of a kernel, one for every variant that states a formula: errors, and factors.

A formula of two factors is a matrix with one axis between them: its truncated singular value decomposition is the best
there is (Eckart & Young 1936). One of three is a Tucker-2 decomposition (Kim et al. 2015), by the leading eigenvectors
of both unfoldings, which is within a factor of sqrt(2) of the best. Singular values come from Gram matrices in
float64.
"""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..spec.layer import Ints
from ..variants.factors import Factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: What stands in front of the letters of a formula: the groups of a layer, each decomposed by itself.
GROUP = "G"


def squared_singular_values(products: Array) -> Array:
    """Those of the matrices of which these are the Gram matrices, the largest first; rounding makes none negative.

    >>> squared_singular_values(gram(np.array([[[3.0, 0, 0], [0, 4, 0]]]))).tolist()
    [[16.0, 9.0]]
    """
    values: Array = np.maximum(np.linalg.eigvalsh(products)[:, ::-1], 0)
    return values


def gram(matrices: Array) -> Array:
    """Products of the rows with one another, or of the columns where these are fewer."""
    rows, columns = matrices.shape[1:]
    other = matrices.transpose(0, 2, 1)
    product: Array = matrices @ other if rows <= columns else other @ matrices
    return product


def tails(squares: Array) -> Array:
    """Sums of squares from each place on, added up from the smallest: what is lost where as many are kept.

    >>> tails(np.array([9.0, 4, 1])).tolist()
    [14.0, 5.0, 1.0, 0.0]
    """
    return np.concatenate([np.cumsum(squares[::-1])[::-1], [0.0]])


class Pair:
    """A kernel (groups, out, in, *taps) as a product of two factors; `lost[r]` is the squared error at rank r.

    >>> from convcost.variants.factors import read_factors
    >>> sobel = np.outer([1, 2, 1], [1, 0, -1]).reshape(1, 1, 1, 3, 3).astype(float)
    >>> pair = Pair(sobel, read_factors("m i x, o m y -> o i y x", 2))
    >>> pair.most, [round(float(lost), 9) for lost in pair.lost]
    ((3,), [12.0, 0.0, 0.0, 0.0])
    """

    def __init__(self, kernel: Array, formula: Factors) -> None:
        self.formula = formula
        first, second = formula.parts
        self.batch = GROUP + "".join([letter for letter in formula.made if letter in first and letter in second])
        self.rows = "".join([letter for letter in formula.made if letter not in first])
        self.columns = "".join([letter for letter in formula.made if letter not in second])
        self.sizes = dict(zip(GROUP + formula.made, kernel.shape))
        order = [(GROUP + formula.made).index(letter) for letter in self.batch + self.rows + self.columns]
        shape = [prod([self.sizes[letter] for letter in part]) for part in (self.batch, self.rows, self.columns)]
        self.matrices = kernel.transpose(order).reshape(shape)

    @property
    def most(self) -> Ints:
        """The largest rank, at which nothing is lost; without an axis to choose, the formula has rank 1."""
        return (min(self.matrices.shape[1:]),) if self.formula.chosen else ()

    @cached_property
    def gram(self) -> Array:
        """Products of the shorter side."""
        return gram(self.matrices)

    @cached_property
    def lost(self) -> Array:
        return tails(squared_singular_values(self.gram).sum(axis=0))

    @cached_property
    def vectors(self) -> Array:
        """Orthonormal columns of the shorter side, the most important first."""
        return np.linalg.eigh(self.gram)[1][:, :, ::-1]

    def error2(self, ranks: Ints) -> float:
        """The squared error at that rank."""
        return float(self.lost[ranks[0] if ranks else 1])

    def factors(self, ranks: Ints) -> list[Array]:
        """The parts of the formula at that rank, each (groups, *its letters)."""
        rank = ranks[0] if ranks else 1
        kept = self.vectors[:, :, :rank]
        if self.matrices.shape[1] <= self.matrices.shape[2]:
            left, right = kept, kept.transpose(0, 2, 1) @ self.matrices
        else:
            left, right = self.matrices @ kept, kept.transpose(0, 2, 1)
        axis = self.formula.chosen
        sizes = {**self.sizes, **dict.fromkeys(axis, rank)}
        # Without a letter to sum over, the axis of length 1 falls away.
        return [
            _arranged(right, self.batch + axis + self.columns, GROUP + self.formula.parts[0], sizes),
            _arranged(left, self.batch + self.rows + axis, GROUP + self.formula.parts[1], sizes),
        ]


def _arranged(array: Array, letters: str, wanted: str, sizes: dict[str, int]) -> Array:
    """An array whose axes are `letters`, with its axes as `wanted`."""
    shaped = array.reshape([sizes[letter] for letter in letters])
    return np.ascontiguousarray(shaped.transpose([letters.index(letter) for letter in wanted]))


class Tucker:
    """A kernel (groups, out, in, *taps) as three factors: channels in, the kernel between, channels out.

    `lost[m, n]` is the squared error with m channels into the middle and n out of it.
    """

    def __init__(self, kernel: Array, formula: Factors) -> None:
        self.formula = formula
        self.kernel = kernel

    @property
    def most(self) -> Ints:
        """The largest ranks, at which nothing is lost."""
        return self.kernel.shape[2], self.kernel.shape[1]

    @cached_property
    def sides(self) -> tuple[Array, Array]:
        """Orthonormal mixtures of the outputs and of the inputs, the most important first."""
        groups, outer, inner = self.kernel.shape[:3]
        by_output = self.kernel.reshape(groups, outer, -1)
        by_input = self.kernel.swapaxes(1, 2).reshape(groups, inner, -1)
        left, right = (np.linalg.eigh(one @ one.transpose(0, 2, 1))[1][:, :, ::-1] for one in (by_output, by_input))
        return left, right

    @cached_property
    def core(self) -> Array:
        """The kernel seen from both sides' mixtures: (groups, out, in, taps)."""
        left, right = self.sides
        groups, outer, inner = self.kernel.shape[:3]
        taps_first = self.kernel.reshape(groups, outer, inner, -1).transpose(0, 1, 3, 2)  # for two large products
        half = (left.transpose(0, 2, 1) @ taps_first.reshape(groups, outer, -1)).reshape(groups, -1, inner)
        core: Array = (half @ right).reshape(taps_first.shape).transpose(0, 1, 3, 2)
        return core

    @cached_property
    def lost(self) -> Array:
        squares = (self.core**2).sum(axis=(0, 3))
        outer, inner = squares.shape
        beyond = np.zeros((outer, inner + 1))
        beyond[:, :-1] = np.cumsum(squares[:, ::-1], axis=1)[:, ::-1]
        kept = np.concatenate([np.zeros((1, inner + 1)), np.cumsum(beyond, axis=0)])
        return (kept + tails(beyond[:, 0])[:, None]).T

    def error2(self, ranks: Ints) -> float:
        """The squared error with those numbers of channels into and out of the middle."""
        return float(self.lost[ranks])

    def factors(self, ranks: Ints) -> list[Array]:
        """The parts of the formula, each (groups, *its letters)."""
        into, out = ranks
        left, right = self.sides
        middle = self.core[:, :out, :into].reshape(len(left), out, into, *self.kernel.shape[3:])
        return [np.ascontiguousarray(right[:, :, :into].transpose(0, 2, 1)), middle, left[:, :, :out].copy()]


Decomposed = Pair | Tucker


def decomposed(kernel: Array, formula: Factors) -> Decomposed | None:
    """The kernel (groups, out, in, *taps) by a formula; None for one that chooses nothing."""
    if len(formula.parts) == 2:
        return Pair(kernel, formula)
    return Tucker(kernel, formula) if len(formula.parts) == 3 else None


def off_blocks(kernel: Array, groups: int) -> float:
    """The squared sum of a kernel (1, out, in, *taps) outside of the blocks that so many groups keep.

    >>> off_blocks(np.eye(4).reshape(1, 4, 4, 1), 2)
    0.0
    """
    power = (kernel[0] ** 2).reshape(*kernel.shape[1:3], -1).sum(axis=2)
    outer, inner = power.shape
    blocks = power.reshape(groups, outer // groups, groups, inner // groups).sum(axis=(1, 3))
    return float(blocks.sum(where=~np.eye(groups, dtype=bool)))
