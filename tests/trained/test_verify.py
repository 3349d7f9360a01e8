"""Rows of trained kernels hold where the rules are right, and each broken rule is noticed by executing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.graph.ops import Conv
from convcost.spec import parse_spec
from convcost.trained import families, verify
from convcost.trained.kernels import Kernel
from convcost.trained.rows import Family, families_of

SPECS = [
    "12:10 @9x11 k3x5 s2x1 p2x1 d1x2 bias", "16:24 @9x7 k3 g4 bias", "12:8 @20 k5 1d", "6:8 @7x6x5 k3x2x3 p1",
    "16:16 @9 k3 g16", "8:16 @9 k1 s2", "8:8 @9x8 k1x7", "8:8 @9x7 k3 mode=reflect", "6:8 @9x7 k3 s2 psame-upper",
]  # fmt: skip


def kernel_of(text: str, kind: str = "random") -> Kernel:
    spec, random = parse_spec(text), np.random.default_rng(0)
    weights = random.normal(size=(spec.out_channels, spec.in_channels // spec.groups, *spec.kernel_size))
    weights = weights * (kind != "zero")
    if kind == "deficient":
        weights[:] = weights[:1]
    bias = random.normal(size=spec.out_channels) if spec.bias else None
    return Kernel("conv", spec, weights.astype(np.float32), bias)


@each("kind", ["random", "deficient", "zero"])
@each("text", SPECS)
def test_every_family_holds_at_every_kind_of_rank(text: str, kind: str) -> None:
    """Of one, of the half and of the full rank, also where the kernel has less: 0 of 0 is 0 there, and never NaN."""
    kernel = kernel_of(text, kind)
    found, _ = families_of(kernel)
    assert found
    for family in found:
        most = family.made.most
        for ranks in {most, tuple([max(1, one // 2) for one in most]), (1,) * len(most)}:
            row = family.row(ranks)
            shown = verify.show_row(kernel, family, row, 10**9)
            assert (shown.status, shown.size) == ("verified", "full"), (family.name, ranks, shown.checks)
            assert row.error == row.error


def test_a_layer_that_is_too_much_work_is_executed_on_a_smaller_input() -> None:
    kernel = kernel_of("8:8 @60x50 k3")
    family = families_of(kernel)[0][0]
    shown = verify.show_row(kernel, family, family.row((4,)), 10_000)
    assert (shown.status, shown.size) == (
        "reduced", {"in_channels": 8, "out_channels": 8, "groups": 1, "input_size": (8, 8), "batch": 1}
    )  # fmt: skip


@each(
    ("text", "work", "size"),
    [
        ("4:6 @9x7 k3x1 s2x1 d2x1 p0", 6 * 4 * 9 * 7 * 3, (9, 6)),  # 5 taps apart and five strides of 2; 1 and 5
        ("8:8 @40 k3 g4", 8 * 2 * 1600 * 9, (8, 8)), ("2:3 @50x60 k5x3 s1x3 d1x4", 6 * 3000 * 15, (10, 24)),
        ("2:3 @50 k7 1d", 6 * 350, (12,)),
    ],
)  # fmt: skip
def test_a_layer_of_more_work_than_the_limit_has_its_border_and_five_strides(
    text: str, work: int, size: tuple[int, ...]
) -> None:
    spec = parse_spec(text)
    assert verify.smaller(spec, work) is spec
    assert verify.smaller(spec, work - 1) == spec._replace(input_size=size)


@pytest.mark.parametrize(("less", "status"), [(0, "verified"), (1, "reduced")])
def test_a_row_of_more_multiply_adds_than_the_limit_is_executed_on_a_smaller_input(less: int, status: str) -> None:
    """Though the layer itself would be few enough: at its full rank a family may cost more."""
    kernel = kernel_of("8:8 @30x20 k3")
    family = next(one for one in families_of(kernel)[0] if one.name == "low-rank")
    row = family.row((8,))
    assert row.macs > 8 * 8 * 600 * 9
    assert verify.show_row(kernel, family, row, row.macs - less).status == status


def diagonal() -> tuple[Kernel, Family]:
    """A 1x1 of singular values 3, 2 and 1, and its low-rank family."""
    kernel = Kernel("conv", parse_spec("3:3 @9x7 k1"), np.diag([3.0, 2.0, 1.0]).reshape(3, 3, 1, 1))
    return kernel, families_of(kernel, "low-rank")[0][0]


def test_a_rank_that_leaves_out_the_most_important_direction_is_caught() -> None:
    """3 is left out and 2 is kept."""
    kernel, family = diagonal()
    sound = verify.show_row(kernel, family, family.row((1,)), 10**9).checks["best"]
    assert (sound.ok, sound.expected, sound.measured) == (True, pytest.approx(3), pytest.approx(2, rel=1e-3))
    family.made.vectors = family.made.vectors[:, :, [1, 0, 2]]  # type: ignore[union-attr, misc]  # of a pair, cached
    shown = verify.show_row(kernel, family, family.row((1,)), 10**9).checks["best"]
    assert (shown.ok, shown.expected, shown.measured) == (False, pytest.approx(2), pytest.approx(3, rel=1e-3))


def test_factors_that_are_no_projection_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 9 + 4 + 1 rank 1 keeps 9; at 0.9 of it 0.81 of 9 are kept, and 5 and 0.01 of 9 are lost."""
    kernel, family = diagonal()
    right = family.made.factors
    monkeypatch.setattr(family.made, "factors", lambda ranks: [0.9 * right(ranks)[0], right(ranks)[1]])
    shown = verify.show_row(kernel, family, family.row((1,)), 10**9)
    assert {name: check.ok for name, check in shown.checks.items()} == {
        "output": True, "error": False, "projection": False, "best": True, "full_rank": False
    }  # fmt: skip
    assert (shown.checks["projection"].expected, shown.checks["projection"].measured) == (
        pytest.approx(14), pytest.approx(0.82 * 9 + 5)
    )  # fmt: skip


Break = Callable[[pytest.MonkeyPatch], None]


def graphs(change: Callable[[int, Conv], Conv]) -> Break:
    """A rule that builds the graph of factors wrongly."""

    def break_it(monkeypatch: pytest.MonkeyPatch) -> None:
        right = verify.factor_graph

        def wrong(*given: Any) -> Any:
            graph = right(*given)
            nodes = [node._replace(op=change(at, node.op)) for at, node in enumerate(graph.nodes)]
            return graph._replace(nodes=tuple(nodes))

        monkeypatch.setattr(verify, "factor_graph", wrong)

    return break_it


def weights(change: Callable[[list[Any], Any], list[Any]]) -> Break:
    """A rule that puts factors into the graph wrongly."""

    def break_it(monkeypatch: pytest.MonkeyPatch) -> None:
        right = verify.factor_weights
        monkeypatch.setattr(
            verify, "factor_weights", lambda graph, factors, bias: change(right(graph, factors, bias), bias)
        )

    return break_it


def _wrong_unfolding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows taken for (kH x out) and not for (out x kH)."""
    right = families._arranged

    def wrong(array: Any, letters: str, wanted: str, sizes: dict[str, int]) -> Any:
        if letters.startswith("Goy"):
            letters = letters.replace("oy", "yo")
        return right(array, letters, wanted, sizes)

    monkeypatch.setattr(families, "_arranged", wrong)


def _turned(one: Any) -> Any:
    return one._replace(kernel=one.kernel.swapaxes(1, 2).copy())


def _interleaved(found: list[Any], _: Any) -> list[Any]:
    """The outputs of the depthwise part as (multiplier, channel) and not as (channel, multiplier)."""
    kernel = found[0].kernel
    order = np.arange(len(kernel) * kernel.shape[-1]).reshape(-1, len(kernel)).T.reshape(-1)
    flat = np.moveaxis(kernel, -1, 1).reshape(-1, *kernel.shape[1:-1])[order]
    return [
        found[0]._replace(kernel=np.moveaxis(flat.reshape(len(kernel), -1, *kernel.shape[1:-1]), 1, -1)),
        *found[1:],
    ]


BROKEN: dict[str, tuple[str, Break]] = {
    "wrong unfolding": ("spatially-separable", _wrong_unfolding),
    "passes exchanged": ("spatially-separable", graphs(
        lambda _, op: op._replace(kernel_size=op.kernel_size[::-1], padding=op.padding[::-1], stride=op.stride[::-1])
    )),
    "stride on both passes": ("spatially-separable", graphs(lambda _, op: op._replace(stride=(2, 2)))),
    "padding forgotten on one": ("spatially-separable", graphs(
        lambda at, op: op if at else op._replace(padding=((0, 0), (0, 0)))
    )),
    "padding halved": ("low-rank", graphs(
        lambda _, op: op._replace(padding=tuple([(before // 2, after) for before, after in op.padding]))
    )),
    "bias twice": ("low-rank", weights(lambda found, bias: [found[0]._replace(bias=bias[:1]), *found[1:]])),
    "bias forgotten": ("low-rank", weights(lambda found, _: [one._replace(bias=None) for one in found])),
    "kernel turned over": ("low-rank", weights(lambda found, _: [_turned(found[0]), *found[1:]])),
    "m channels interleaved the other way": ("depthwise-separable", weights(_interleaved)),
    "middles exchanged": ("bottleneck", weights(
        lambda found, _: [found[0], found[1]._replace(kernel=found[1].kernel[..., ::-1]), found[2]]
    )),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_rule_is_caught(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the executed output, or by the error measured again; the same row holds with the right rule."""
    name, break_it = BROKEN[broken]
    kernel = kernel_of("4:6 @9x8 k3 s2 bias")
    family = next(one for one in families_of(kernel)[0] if one.name == name)
    ranks = tuple([min(2, most) for most in family.made.most])
    assert _status(kernel, family, ranks) == "verified"
    break_it(monkeypatch)
    assert _status(kernel, family, ranks) == "mismatch"


def _status(kernel: Kernel, family: Family, ranks: tuple[int, ...]) -> str:
    try:
        return verify.show_row(kernel, family, family.row(ranks), 10**9).status
    except ValueError:  # factors that do not even fit their convolutions
        return "mismatch"


def test_a_row_with_another_error_is_caught() -> None:
    kernel = kernel_of("4:6 @9x8 k3")
    family = families_of(kernel)[0][0]
    row = family.row((2,))
    shown = verify.show_row(kernel, family, row._replace(error=row.error + 1e-6), 10**9)
    assert shown.checks["error"].ok is False


@pytest.mark.parametrize(
    ("apart", "ok"),
    [
        (1e-7, ("output", "error", "full_rank")), (1.01e-7, ("output", "full_rank")), (1e-6, ("output", "full_rank")),
        (1.01e-6, ("output",)), (1e-5, ("output",)), (1.01e-5, ()),
    ],
)  # fmt: skip
def test_so_far_apart_two_may_be(apart: float, ok: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs in float32 a hundred thousandth, full ranks a millionth, errors of the kernel a ten millionth."""
    kernel, family = diagonal()
    monkeypatch.setattr(verify, "distance", lambda *_: apart)
    checks = verify.show_row(kernel, family, family.row((1,))._replace(error=0.0), 10**9).checks
    assert tuple([name for name in ("output", "error", "full_rank") if checks[name].ok]) == ok


def test_nan_is_never_near_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """0 of 0 made one, and a maximum let it pass."""
    kernel = kernel_of("4:6 @9x8 k3")
    family = families_of(kernel)[0][0]
    monkeypatch.setattr(verify, "distance", lambda *_: float("nan"))
    assert verify.show_row(kernel, family, family.row((2,)), 10**9).status == "mismatch"


@each(
    ("matrices", "longest"),
    [
        ([[[3.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]], [3.0, 0.0]),
        ([[[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]], [2.0]),  # wide
        ([[[3.0, 4.0]], [[5.0, 12.0]]], [5.0, 13.0]),  # one row
        ([[[1.0], [2.0], [2.0]]], [3.0]),  # one column
    ],
)
def test_the_largest_singular_value_of_each_matrix_is_found(matrices: Any, longest: list[float]) -> None:
    """Each by itself; of nothing it is 0 and no NaN."""
    assert verify.longest_of(np.array(matrices)) == pytest.approx(longest, rel=1e-3)
