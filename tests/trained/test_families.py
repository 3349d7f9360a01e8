"""Decompositions of kernels of which the truth is known, and of random ones beside NumPy's own SVD."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.answers.comparison import answer
from convcost.execute.values.kernels import kernel_of_factors
from convcost.spec import parse_spec
from convcost.trained import rows as rows_module
from convcost.trained.families import Pair, Tucker, decomposed, off_blocks
from convcost.trained.kernels import Kernel
from convcost.trained.rows import (
    EXACT,
    best_within,
    cheapest_within,
    curve_of,
    families_of,
    grouped_rows,
)
from convcost.variants.factors import read_factors
from convcost.variants.registry import all_variants

KERNELS = Path(__file__).parent.parent / "golden" / "kernels"
TRUTH = json.loads((KERNELS / "truth.json").read_text("utf-8"))

#: What the table of truths calls variants.
NAMES = {
    "spatial": "spatially-separable", "spatial-t": "spatially-separable-reversed", "dw-pw": "depthwise-separable"
}  # fmt: skip

TWO_AXES = [
    name for name, v in all_variants().items() if v.factors and len(v.factors.split(",")) > 1 and "z" not in v.factors
]

RANKS = [(name, variant, rank) for name, one in TRUTH.items() for variant, rank in one["exact_rank"].items()]
ERRORS = [(name, variant, error) for name, one in TRUTH.items() for variant, error in one["error_at_rank_1"].items()]


def golden(name: str) -> Any:
    return np.load(KERNELS / f"{name}.npy").astype(np.float64)


def pair_of(kernel: Any, variant: str) -> Pair:
    made = decomposed(kernel[None], read_factors(all_variants()[variant].factors, kernel.ndim - 2))
    assert isinstance(made, Pair)
    return made


def relative(lost: float, kernel: Any) -> float:
    whole = float((kernel**2).sum())
    return sqrt(lost / whole) if whole else 0.0


@each(("name", "variant", "rank"), RANKS)
def test_the_exact_rank_is_the_derived_one(name: str, variant: str, rank: int) -> None:
    """Nothing is lost at it, to 1e-7; at the rank below something is."""
    kernel = golden(name)
    lost = pair_of(kernel, NAMES[variant]).lost
    assert relative(lost[rank], kernel) <= 1e-7
    assert rank == 0 or relative(lost[rank - 1], kernel) > EXACT


@pytest.mark.parametrize(("name", "variant", "error"), ERRORS)
def test_the_error_at_rank_1_is_the_derived_one(name: str, variant: str, error: float) -> None:
    kernel = golden(name)
    assert abs(relative(pair_of(kernel, NAMES[variant]).lost[1], kernel) - error) <= 1e-12


def test_a_diagonal_misses_a_third_at_rank_2() -> None:
    """Three equal singular values."""
    kernel = golden("diagonal")
    assert abs(relative(pair_of(kernel, "spatially-separable").lost[2], kernel) - sqrt(1 / 3)) <= 1e-12


@each("shape", [(7, 5, 3, 4), (3, 9, 5, 2), (4, 4, 3, 3)])
@each("variant", [name for name in TWO_AXES if name != "bottleneck"])
def test_curves_are_those_of_an_svd(shape: tuple[int, ...], variant: str) -> None:
    """Of the unfolded matrices, written out here once more; to 1e-9."""
    kernel = np.random.default_rng(0).normal(size=shape)
    unfold: dict[str, Any] = {
        "spatially-separable": lambda k: [k.transpose(0, 2, 1, 3).reshape(shape[0] * shape[2], -1)],
        "spatially-separable-reversed": lambda k: [k.transpose(0, 3, 1, 2).reshape(shape[0] * shape[3], -1)],
        "depthwise-separable": lambda k: [k[:, i].reshape(shape[0], -1) for i in range(shape[1])],
        "blueprint-separable": lambda k: [k[o].reshape(shape[1], -1) for o in range(shape[0])],
        "low-rank": lambda k: [k.reshape(shape[0], -1)],
        "low-rank-reversed": lambda k: [k.transpose(0, 2, 3, 1).reshape(-1, shape[1])],
    }
    values = [np.linalg.svd(matrix, compute_uv=False) ** 2 for matrix in unfold[variant](kernel)]
    expected = [sum(float(one[rank:].sum()) for one in values) for rank in range(len(values[0]) + 1)]
    assert np.allclose(np.sqrt(pair_of(kernel, variant).lost), np.sqrt(expected), rtol=0, atol=1e-9)


@each("variant", TWO_AXES)
@each("name", ["sobel-same-rows", "shared-filters", "zero", "random"])
def test_factors_make_a_kernel_as_far_away_as_was_said(variant: str, name: str) -> None:
    """At full rank, which a kernel of less rank has zeros in, and at half of it."""
    kernel = np.random.default_rng(1).normal(size=(6, 5, 3, 4)) if name == "random" else golden(name)
    formula = read_factors(all_variants()[variant].factors, 2)
    made = decomposed(kernel[None], formula)
    assert made is not None
    for ranks in (made.most, tuple([max(1, most // 2) for most in made.most])):
        sizes = {**dict(zip("oiyx", kernel.shape)), **dict(zip(formula.chosen, ranks))}
        dense = kernel_of_factors(formula.parts, formula.made, sizes, [one[0] for one in made.factors(ranks)])
        assert abs(np.linalg.norm(kernel - dense) - sqrt(max(0.0, made.error2(ranks)))) <= 1e-7 * np.linalg.norm(kernel)


def test_tucker_loses_what_its_core_leaves_out() -> None:
    """Nothing at full ranks, all at none, and never less with fewer channels."""
    kernel = np.random.default_rng(2).normal(size=(1, 5, 4, 3, 3))
    lost = Tucker(kernel, read_factors(all_variants()["bottleneck"].factors, 2)).lost
    assert lost.shape == (5, 6)
    assert abs(lost[4, 5]) <= 1e-12
    assert abs(lost[0, 0] - (kernel**2).sum()) <= 1e-9
    assert (np.diff(lost, axis=0) <= 1e-12).all()
    assert (np.diff(lost, axis=1) <= 1e-12).all()


@pytest.mark.parametrize(
    "text", ["12:10 @11x9 k3x5 s2x1 bias", "8:6 @20 k5 1d", "4:5 @5x6x7 k3x2x2", "9:8 @7 k1", "8:8 @9 k3 g2"]
)
def test_every_rank_costs_what_compare_answers_its_spec(text: str) -> None:
    """Params and multiply-adds, of one group as often as there are groups."""
    spec = parse_spec(text)
    shape = (spec.out_channels, spec.in_channels // spec.groups, *spec.kernel_size)
    families, _ = families_of(Kernel("conv", spec, np.random.default_rng(0).normal(size=shape)))
    assert families
    for family in families:
        for row in curve_of(family):
            words = answer(row.variant, row.spec).words
            assert words is not None
            assert (row.macs, row.params) == (words["macs"] * spec.groups, words["params"] * spec.groups), row.spec


def test_the_best_row_within_a_budget_is_the_best_of_all_that_fit() -> None:
    """Found by looking at every rank of every family; and the cheapest within an error likewise."""
    kernel = Kernel("conv", parse_spec("6:8 @9x7 k3"), np.random.default_rng(0).normal(size=(8, 6, 3, 3)))
    families, _ = families_of(kernel)
    rows = [row for family in families for row in curve_of(family)]
    for most in (5_000, 12_000, 20_000):
        best = best_within(families, most)
        assert best is not None
        assert best.macs <= most
        assert abs(best.error - min(row.error for row in rows if row.macs <= most)) <= 1e-12
    for error in (0.2, 0.5):
        cheapest = cheapest_within(families, error)
        assert cheapest is not None
        assert cheapest.error <= error
        assert cheapest.macs == min(row.macs for row in rows if row.error <= error)
    assert best_within(families, 10) is None
    least = min(row.macs for row in rows)
    assert best_within(families, least - 1) is None
    for family in families:
        own = int(family.macs.min())
        assert rows_module.row_within(family, own - 1) is None
        assert rows_module.row_within(family, own) == best_within([family], own)
        assert best_within([family], own).macs == own


def test_noise_is_what_noise_loses() -> None:
    """A random kernel has the error of noise, in every family."""
    kernel = Kernel("conv", parse_spec("64:96 @14 k3"), np.random.default_rng(5).normal(size=(96, 64, 3, 3)))
    for family in families_of(kernel)[0]:
        row = family.row(tuple([max(1, most // 2) for most in family.made.most]))
        assert row.noise is not None
        assert abs(row.error - row.noise) < 0.02, family.name


def test_a_kernel_of_blocks_falls_apart_into_groups() -> None:
    """In as many as its blocks, and in fewer that hold them; another one into none."""
    weights = np.zeros((8, 4, 3, 3))
    for block in range(4):
        weights[2 * block : 2 * block + 2, block] = 1 + block
    assert off_blocks(weights[None], 4) == 0
    kernel = Kernel("conv", parse_spec("4:8 @9 k3"), weights)
    assert [row.ranks for row in grouped_rows(kernel)] == [(4,), (2,)]
    weights[0, 3] = 1
    assert grouped_rows(kernel._replace(weights=weights)) == []


@pytest.mark.parametrize(("stray", "groups"), [(1.4e-6, [(2,)]), (1.43e-6, [])])
def test_what_is_a_millionth_of_a_kernel_keeps_no_groups_together(stray: float, groups: list[tuple[int]]) -> None:
    """Of 1, 1 and the stray: sqrt(2) millionths."""
    weights = np.array([[1.0, 0.0], [stray, 1.0]]).reshape(2, 2, 1, 1)
    assert [row.ranks for row in grouped_rows(Kernel("conv", parse_spec("2:2 @9 k1"), weights))] == groups


def test_groups_cost_what_a_grouped_layer_does_and_a_layer_of_groups_or_zeros_has_none() -> None:
    weights = np.zeros((6, 4, 1, 1))
    weights[:3, :2], weights[3:, 2:] = 1, 2
    kernel = Kernel("conv", parse_spec("4:6 @9x7 k1"), weights)
    (row,) = grouped_rows(kernel)
    assert (row.ranks, row.groups, row.error, row.macs, row.params) == ((2,), 1, 0.0, 63 * 12, 12)
    assert grouped_rows(kernel._replace(weights=0 * weights)) == []
    assert grouped_rows(Kernel("conv", parse_spec("8:6 @9x7 k1 g2"), weights)) == []


@pytest.mark.parametrize("variant", ["low-rank", "depthwise-separable", "spatially-separable"])
def test_noise_is_drawn_from_one_seed(variant: str) -> None:
    """Of the matrices' own size where these are small: the numbers beside two runs are the same."""
    made = pair_of(np.ones((7, 5, 3, 4)), variant)
    drawn = np.random.default_rng(0).normal(size=(1, *made.matrices.shape))[0]
    squares = np.linalg.svd(drawn, compute_uv=False) ** 2
    for rank in range(1, made.most[0] + 1):
        assert rows_module.noise2(made, (rank,)) == pytest.approx(squares[:, rank:].sum() / squares.sum(), abs=1e-12)


def test_noise_of_a_bottleneck_is_what_both_sides_leave_out() -> None:
    """The leading directions of both unfoldings kept, and the kernel between them."""
    made = decomposed(np.ones((2, 5, 4, 3, 3)), read_factors(all_variants()["bottleneck"].factors, 2))
    assert made is not None
    drawn = np.random.default_rng(0).normal(size=(2, 5, 4, 9))
    for into, out in ((1, 1), (2, 3), (4, 2), (4, 5)):
        kept = 0.0
        for one in drawn:
            left = np.linalg.svd(one.reshape(5, -1))[0][:, :out]
            right = np.linalg.svd(one.swapaxes(0, 1).reshape(4, -1))[0][:, :into]
            kept += float((np.einsum("oit,on,im->nmt", one, left, right) ** 2).sum())
        assert rows_module.noise2(made, (into, out)) == pytest.approx(1 - kept / (drawn**2).sum(), abs=1e-12)


@pytest.mark.parametrize(
    ("shape", "variant", "drawn"),
    [
        ((1, 400, 300, 1, 1), "low-rank", (1, 256, 192)), ((1, 200, 192, 1, 1), "low-rank", (1, 200, 192)),
        ((1, 4, 100, 3, 3), "depthwise-separable", (64, 4, 9)), ((3, 4, 5, 3, 3), "low-rank", (3, 4, 45)),
        ((9, 200, 100, 1, 1), "bottleneck", (8, 96, 48, 1)), ((2, 96, 20, 3, 3), "bottleneck", (2, 96, 20, 9)),
        ((1, 400, 1, 3, 1), "bottleneck", (1, 96, 1, 3)), ((1, 1, 400, 3, 1), "bottleneck", (1, 1, 96, 3)),
    ],
)  # fmt: skip
def test_noise_of_large_kernels_is_drawn_smaller_in_the_same_proportions(
    shape: tuple[int, ...], variant: str, drawn: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shorter side has 192, of two sides of channels the longer 96; between drawn ranks it is a straight line."""
    asked: list[tuple[int, ...]] = []

    def pairs(batch: int, rows: int, columns: int) -> Any:
        asked.append((batch, rows, columns))
        return np.linspace(1, 0, min(rows, columns) + 1)

    def tucker(groups: int, outer: int, inner: int, taps: int) -> Any:
        asked.append((groups, outer, inner, taps))
        return np.linspace(1, 3, inner + 1)[:, None] * np.linspace(3, 8, outer + 1)

    monkeypatch.setattr(rows_module, "_noise_of_pairs", pairs)
    monkeypatch.setattr(rows_module, "_noise_of_tucker", tucker)
    made = decomposed(np.zeros(shape), read_factors(all_variants()[variant].factors, 2))
    assert made is not None
    for share in (0.25, 0.5, 1):
        ranks = tuple([max(1, int(share * most)) for most in made.most])
        parts = [rank / most for rank, most in zip(ranks, made.most)]
        expected = 1 - parts[0] if len(parts) == 1 else (1 + 2 * parts[0]) * (3 + 5 * parts[1])
        assert rows_module.noise2(made, ranks) == pytest.approx(expected)
    assert {*asked} == {drawn}


def test_of_rows_that_lose_nothing_the_cheapest_is_the_best() -> None:
    """A kernel of ones has rank 1 in every family, but for rounding."""
    families, _ = families_of(Kernel("conv", parse_spec("6:8 @9x7 k3"), np.ones((8, 6, 3, 3))))
    costs = {family.name: int(family.macs.min()) for family in families}
    best = best_within(families, 10**9)
    cheapest = cheapest_within(families, 0.0)
    assert best is not None
    assert cheapest is not None
    assert best.macs == cheapest.macs == min(costs.values())
    assert {family.exact_rank() for family in families} == {1, None}  # a bottleneck has two ranks


def test_the_front_of_costs_has_no_row_that_is_as_cheap_as_a_better_one() -> None:
    assert rows_module.front(np.array([3, 1, 1, 2, 4, 5]), np.array([0.2, 0.6, 0.5, 0.5, 0.2, 0.1])) == [2, 0, 5]


PASSES = ("spatially-separable", "spatially-separable-reversed")
OTHERS = ("depthwise-separable", "blueprint-separable", "low-rank", "low-rank-reversed", "bottleneck")


@each(
    ("text", "names", "missing"),
    [
        ("8:6 @9x7 k3", (*PASSES, *OTHERS), {}), ("8:6 @9x7 k3 g2 s2", (*PASSES, *OTHERS), {}),
        ("8:6 @9x7x6 k3x2x2", ("2plus1d", *OTHERS), {}), ("8:6 @9x7 k1", ("low-rank",), {}),
        ("8:6 @9 k1", ("low-rank",), {}),
        ("8:6 @9 k5 1d", OTHERS, {PASSES[0]: "one axis cannot be separated"}),
        ("8:6 @9x7 k1x3", OTHERS, {PASSES[0]: "the kernel is 1 on an axis, so there is nothing to separate"}),
    ],
)  # fmt: skip
def test_a_kernel_has_the_families_that_are_made_for_it(
    text: str, names: tuple[str, ...], missing: dict[str, str]
) -> None:
    """Of one tap the rank alone. What is shown of so many axes, and does not apply, says why."""
    spec = parse_spec(text)
    kernel = Kernel("k", spec, np.ones((spec.out_channels, spec.in_channels // spec.groups, *spec.kernel_size)))
    families, reasons = families_of(kernel)
    assert (tuple([family.name for family in families]), reasons) == (names, missing)
    assert [family.name for family in families_of(kernel, "low-rank")[0]] == ["low-rank"]
