"""A plan is what the build and the analysis compute, for every layer for which it holds, or it is refused."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from itertools import product
from math import prod
from random import Random
from typing import Any

import pytest
from strategies import pairs
from tables import each

from convcost.analysis import analyze, traced, words
from convcost.analysis.traced import Trace
from convcost.search.factors import arranged, axes_read, cost
from convcost.search.plans import Plan, Refused, make_plan
from convcost.search.sums import Sums
from convcost.spec import parse_spec
from convcost.spec.layer import LayerSpec
from convcost.variants.registry import build_variant

NUMBERS = (
    "params", "macs", "effective_macs", "flops", "elementwise", "conv_activations", "weight_bytes", "activation_bytes",
    "peak_bytes", "traffic_bytes", "arithmetic_intensity",
)  # fmt: skip

#: Layers whose sizes alone are changed; H and W, kH and kW differ.
LAYERS = ["64:128 @56x48 k3", "64:64 @56x48 k5 s2 bias", "64:64 @56x48 k3x5 s2x1 d1x2 int8", "48:64 @28x40 k3 e3 m2 n3"]


def outputs(name: str, spec: LayerSpec) -> list[Any]:
    """Every number of a variant, those that the build and the analysis give."""
    built = build_variant(name, spec)
    found = words(analyze(built.graph, True, built.shapes))
    return [*[found[word] for word in NUMBERS], *found["output_shape"], *found["receptive_field"]]


def sized(spec: LayerSpec, inner: Any, outer: Any, *size: Any) -> LayerSpec:
    return spec._replace(in_channels=inner, out_channels=outer, input_size=size)


def planned(name: str, spec: LayerSpec) -> Plan:
    intervals = [(1, 4096), (1, 4096), *[(1, 512)] * spec.axes]
    example = [spec.in_channels, spec.out_channels, *spec.input_size]
    return make_plan(lambda *sizes: outputs(name, sized(spec, *sizes)), intervals, example)


def rows_near(name: str, text: str, spec: LayerSpec) -> list[tuple[int, ...]]:
    """Sizes of layers near and far from one, which is the last."""
    random = Random(name + text)
    sizes = [(random.choice([16, 48, 64, random.randint(1, 300)]), random.choice([16, 64, random.randint(1, 300)]),
              random.randint(1, 100), random.randint(1, 100)) for _ in range(60)]  # fmt: skip
    return [*sizes, (spec.in_channels, spec.out_channels, *spec.input_size)]


@each(("name", "text"), pairs(LAYERS))
def test_a_plan_says_what_the_analysis_says(name: str, text: str) -> None:
    """Number by number; also where its steps are arranged by axis, which changes nothing of where it holds."""
    spec = parse_spec(text)
    plan, sizes = planned(name, spec), rows_near(name, text, spec)
    wanted = cache(lambda *given: outputs(name, sized(spec, *given)))
    for one in (plan, arranged(plan, [0, 1, 2, 3], [512, 512, 100, 100], sizes[-1])):
        found, holds = one.run(list(zip(*sizes)))
        columns = [[*column.tolist()] if column.ndim else [column.tolist()] * len(sizes) for column in found]
        assert holds[-1]
        assert holds.tolist() == plan.holds(list(zip(*sizes))).tolist()
        for row, (held, given) in enumerate(zip(holds, sizes)):
            if held:
                assert [column[row] for column in columns] == wanted(*given), given


@each("name", ["standard", "depthwise-separable", "bottleneck", "inverted-residual", "basic-block"])
def test_channels_and_sizes_come_apart(name: str) -> None:
    """Of millions of layers each of two words is one multiplication: the rest is done once a size, or once a channel.

    Params depend on no size, and of what a trace recorded several steps a word depend on both.
    """
    spec, lengths = parse_spec("64:128 @56 k3"), [1000, 1000, 100]

    def build(inner: Any, outer: Any, size: Any) -> list[Any]:
        built = build_variant(name, sized(spec, inner, outer, size, size))
        found = words(analyze(built.graph, True, built.shapes))
        return [found[word] for word in ("macs", "peak_bytes", "params")]

    plan = make_plan(build, [(1, length) for length in lengths], [64, 96, 56])
    found = arranged(plan, [0, 1, 2], lengths, [64, 96, 56])
    assert sum([reads == {0, 1, 2} for reads in axes_read(found, [0, 1, 2])]) == 2
    assert cost(found, [0, 1, 2], lengths) < 2.1 * prod(lengths) <= cost(plan, [0, 1, 2], lengths) + prod(lengths)


def largest(one: Any, other: Any) -> Any:
    return one.trace.compute("max", one, other) if isinstance(one, traced.Traced) else max(one, other)


#: Sums, the axes that their three sizes lie along, and how many numbers the steps behind the inputs are: 100 along
#: axis 0, 50 along axis 1, 20 along axis 2, 5,000 along axes 0 and 1, 2,000 along 0 and 2, 100,000 along all.
ARRANGED: list[tuple[Callable[..., list[Any]], list[int], int]] = [
    (lambda a, b, n: [9 * a * n * n * b + a * n * n], [0, 1, 2], 20 + 50 + 50 + 5_000 + 100_000),  # n² · a (9b + 1)
    # n (a + b) and n (2a + 2b + 5)
    (lambda a, b, n: [(a + b) * n, (a + b + 3) * n * 2 - n], [0, 1, 2], 100 + 50 + 3 * 5_000 + 2 * 100_000),
    (lambda a, b, n: [(a // 2) * n * b + (a // 2) * n], [0, 1, 2], 100 + 50 + 5_000 + 100_000),  # n · (a // 2) (b + 1)
    (lambda a, b, n: [largest(a * n * n, b * n * n)], [0, 1, 2], 20 + 5_000 + 100_000),  # n² · max(a, b)
    # n · max(a + b, 2a); and of a sum and a part of it the sum
    (lambda a, b, n: [largest(a * n + b * n, 2 * a * n)], [0, 1, 2], 5_000 + 100 + 5_000 + 100_000),
    (lambda a, b, n: [largest(a * n + b * n, a * n)], [0, 1, 2], 5_000 + 100_000),
    (lambda a, b, n: [largest(4 * a * n - 8 * n, 6 * b * n)], [0, 1, 2], 100 + 20 + 2 * 2_000 + 50 + 1_000 + 100_000),
    (lambda a, b, n: [(a - 3) * n * b], [0, 1, 2], 100 + 2_000 + 100_000),
    (lambda a, b, n: [(a + 1) * (a + 2) * n * (b + 1) * (n + 3)], [0, 1, 2], 3 * 100 + 2 * 20 + 50 + 5_000 + 100_000),
    (lambda a, b, n: [(a * b + n) // 2, a * b + n], [0, 1, 2], 5_000 + 2 * 100_000),  # once for both
    (lambda b, n, a: [a * b * n * n + n * n * a + b], [1, 2, 0], 20 + 50 + 5_000 + 2 * 100_000),  # n² · a (b + 1) + b
    (lambda a, b, n: [a * a * b, n - n + b, a * 0 + 7], [0, 1, 2], 100 + 5_000 + 1),
]  # fmt: skip


@each(("build", "axes", "steps"), ARRANGED)
def test_steps_are_arranged_along_few_axes(build: Callable[..., list[Any]], axes: list[int], steps: int) -> None:
    """Worked out by hand; what they say is what was traced."""
    lengths, random = [100, 50, 20], Random(1)
    plan = make_plan(build, [(1, 512)] * 3, [8, 16, 7])
    found = arranged(plan, axes, lengths, [8, 16, 7])
    assert cost(found, axes, lengths) == 100 + 50 + 20 + steps
    rows = [[random.randint(1, 512) for _ in range(30)] for _ in range(3)]
    columns, holds = found.run(rows)
    assert holds.all()
    expected = [build(*row) for row in zip(*rows)]
    assert [[*column.tolist()] if column.ndim else [column.item()] * 30 for column in columns] == [
        list(one) for one in zip(*expected)
    ]


@pytest.mark.parametrize(("more", "terms"), [(8, 64), (9, 1)])
def test_products_of_sums_are_multiplied_out_up_to_64_terms(more: int, terms: int) -> None:
    """Eight numbers along axes of their own by eight others; more stay one factor."""
    plan = make_plan(
        lambda *sizes: [sum(sizes[1:8], sizes[0]) * sum(sizes[9:], sizes[8])], [(1, 9)] * (8 + more), [3] * (8 + more)
    )
    assert len(Sums(plan, range(8 + more)).sums[plan.outputs[0]]) == terms


def test_what_does_not_fit_when_it_is_arranged_stays_as_it_was_traced() -> None:
    """Multiplied out, a sum may be larger on the way than the numbers that it comes to."""
    most = 2_500_000_000
    plan = make_plan(lambda a, b: [(a + b) * (a + 2 * b - most)], [(1, 10), (1, most)], [3, 4])
    assert arranged(plan, [0, 1], [10, most], [3, 4]) is plan
    assert arranged(plan, [0, 1], [10, most], [3, 4]).run([[10], [most]])[0][0].tolist() == [2_500_000_010**2]


def test_a_plan_does_not_hold_where_a_guard_comes_out_otherwise() -> None:
    """In channels as many as out channels need no projection."""
    plan = planned("basic-block", parse_spec("64:128 @56x48 k3"))
    _, holds = plan.run([[64, 64, 128], [128, 64, 128], [56] * 3, [48] * 3])
    assert holds.tolist() == [True, False, False]


def test_a_plan_does_not_hold_beyond_its_intervals() -> None:
    plan = make_plan(lambda n: [n * n], [(1, 10)], [3])
    assert plan.run([[0, 1, 10, 11]])[1].tolist() == [False, True, True, False]


def test_what_may_not_fit_is_refused_and_named() -> None:
    with pytest.raises(Refused, match=r"v0 \* v0 may be 10,000,000,000,000,000,000,000"):
        make_plan(lambda n: [n * n], [(1, 10**11)], [3])


def test_the_largest_number_of_64_bits_fits_and_no_larger_one() -> None:
    largest = 9_223_372_036_854_775_807
    plan = make_plan(lambda n: [n + 1], [(1, largest - 1)], [3])
    assert plan.run([[largest - 1]])[0][0].tolist() == [largest]
    with pytest.raises(Refused, match="may be 9,223,372,036,854,775,808"):
        make_plan(lambda n: [n + 1], [(1, largest)], [3])


def test_the_largest_number_that_a_double_holds_is_divided_and_no_larger_one() -> None:
    largest = 9_007_199_254_740_992
    plan = make_plan(lambda n: [n / 2], [(1, largest)], [3])
    assert plan.run([[largest, 1]])[0][0].tolist() == [4_503_599_627_370_496, 0.5]
    with pytest.raises(Refused, match="divides 9,007,199,254,740,993, which is rounded first"):
        make_plan(lambda n: [n / 2], [(1, largest + 1)], [3])
    with pytest.raises(Refused, match="divides 9,007,199,254,740,993"):
        make_plan(lambda n: [n / (n + largest)], [(1, 1)], [1])


def test_what_would_be_rounded_is_refused() -> None:
    with pytest.raises(Refused, match="rounded"):
        make_plan(lambda n: [n * n / (n + 1)], [(1, 10**9)], [3])


@each(
    ("ask", "outcome", "guards"),
    [
        (lambda a, b: a < b, True, 1),
        (lambda a, b: a + 0 == b * 1, False, 1),
        (lambda a, b: a < 100, True, 0),  # noqa: ARG005  each takes both
        (lambda a, b: b > 100, False, 0),  # noqa: ARG005  each takes both
        (lambda a, b: a + 2 - 2 == a, True, 0),  # noqa: ARG005  each takes both
        (lambda a, b: (a + 1) // 1 > a, True, 0),  # noqa: ARG005  each takes both
        (lambda a, b: bool(a % 8), True, 1),  # noqa: ARG005  each takes both
    ],
)
def test_only_what_the_intervals_leave_open_is_a_guard(ask: Any, outcome: bool, guards: int) -> None:
    trace = Trace()
    assert ask(trace.size(1, 99, 3), trace.size(1, 99, 7)) is outcome
    assert len(trace.guards) == guards


def test_a_traced_size_never_becomes_a_number_or_a_text() -> None:
    """Whoever would use it as one gets an error, not the example."""
    size = Trace().size(1, 9, 5)
    for use in (str, int, hash, range, "{}".format, [].__getitem__, (1,).__mul__):
        with pytest.raises(TypeError):
            use(size)


@each("sign", ["+", "-", "*", "//", "%", "max"])
def test_the_interval_of_a_result_is_that_of_all_pairs(sign: str) -> None:
    """No wider, but for a remainder that begins again; a divisor that may be 0 has none."""
    sides = [(low, high) for low in range(-2, 5) for high in range(low, 6)]
    done: dict[str, Callable[[int, int], int]] = {
        "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod, "max": max,
    }  # fmt: skip
    for (a, b), (c, d) in product(sides, sides):
        if sign in ("//", "%") and c < 1:
            with pytest.raises(ValueError, match="0 or negative"):
                traced._RANGES[sign](a, b, c, d)
            continue
        found = [done[sign](x, y) for x in range(a, b + 1) for y in range(c, d + 1)]
        low, high = traced._RANGES[sign](a, b, c, d)
        assert low <= min(found) <= max(found) <= high
        assert sign == "%" or (low, high) == (min(found), max(found))
        assert sign != "%" or high < d
        assert sign != "%" or a < 0 or b >= c or (low, high) == (a, b)
