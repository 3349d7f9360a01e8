"""The array execution against a plain scalar loop that counts each multiplication as it comes by; no NumPy in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from hypothesis import given, settings
from strategies import layer_specs

from convcost.execute.ones.counting import conv_weights, convolve, convolve_transposed
from convcost.execute.ones.measure import measure
from convcost.graph.ops import Conv, Graph, Ints, Node
from convcost.spec.layer import LayerSpec
from convcost.variants.registry import AS_GIVEN, build_variant

Counts = dict[Ints, int]  # output position -> products of one output channel


def positions(size: Ints) -> Iterator[Ints]:
    """Every position of a box."""
    return product(*[range(n) for n in size])


def count_plain(op: Conv, size: Ints) -> tuple[Counts, Counts]:
    """Products at each output position, all of them and those inside the input, one input channel at a time."""
    nominal: Counts = {}
    effective: Counts = {}
    padded = [before + n + after for n, (before, after) in zip(size, op.padding)]
    ends = [(k - 1) * d for k, d in zip(op.kernel_size, op.dilation)]
    for at in positions(tuple(padded)):
        if any(p % s or p + end >= n for p, s, end, n in zip(at, op.stride, ends, padded)):
            continue
        out = tuple([p // s for p, s in zip(at, op.stride)])
        nominal[out] = effective[out] = 0
        for tap in positions(op.kernel_size):
            seen = [p + t * d - before for p, t, d, (before, _) in zip(at, tap, op.dilation, op.padding)]
            for _ in range(op.in_channels // op.groups):
                nominal[out] += 1
                effective[out] += op.padding_mode != "zeros" or all(0 <= x < n for x, n in zip(seen, size))
    return nominal, effective


def count_transposed(op: Conv, size: Ints) -> tuple[Counts, Counts]:
    """Products at each position before cropping, and at those that `torch.nn.ConvTranspose2d` leaves."""
    full: Counts = {}
    for at, tap in product(positions(size), positions(op.kernel_size)):
        lands = tuple([x * s + t * d for x, s, t, d in zip(at, op.stride, tap, op.dilation)])
        full[lands] = full.get(lands, 0) + op.in_channels // op.groups
    kept = [
        (n - 1) * s - before - after + d * (k - 1) + extra + 1
        for n, s, (before, after), d, k, extra in zip(
            size, op.stride, op.padding, op.dilation, op.kernel_size, op.output_padding
        )
    ]
    starts = [before for before, _ in op.padding]
    cropped = {at: full.get(tuple([x + b for x, b in zip(at, starts)]), 0) for at in positions(tuple(kept))}
    return full, cropped


def as_map(counts: np.ndarray) -> Counts:
    """The first group of the first image: position -> count."""
    return {at: int(count) for at, count in np.ndenumerate(counts[0, ..., 0])}


def conv_graph(spec: LayerSpec) -> tuple[Conv, Graph]:
    """The layer as described, alone."""
    node = build_variant(AS_GIVEN, spec).graph.nodes[0]
    assert isinstance(node.op, Conv)
    return node.op, Graph((spec.batch, spec.in_channels, *spec.input_size), spec.dtype, (Node("conv", node.op, (0,)),))


@settings(max_examples=400, deadline=None)
@given(spec=layer_specs(channels=3))
def test_maps_and_totals_equal_those_of_a_scalar_loop(spec: LayerSpec) -> None:
    """At every position of the output, and in sum over positions, channels and images."""
    op, graph = conv_graph(spec)
    nominal, effective = (count_transposed if op.transposed else count_plain)(op, spec.input_size)
    measured = measure(graph)
    factor = spec.batch * op.out_channels
    assert (measured.macs, measured.effective_macs) == (
        factor * sum(nominal.values()), factor * sum(effective.values()),
    )  # fmt: skip
    assert measured.output_shape[2:] == tuple([1 + max(axis) for axis in zip(*effective)])

    weights = conv_weights(op)
    ones = np.ones((1, *spec.input_size, op.in_channels), np.uint8)
    if op.transposed:
        full, cropped = convolve_transposed(op, ones, weights)
        assert as_map(cropped) == effective
        assert {at: n for at, n in as_map(full).items() if n} == nominal
    else:
        counted = convolve(op, ones, weights)
        assert as_map(counted.effective) == effective
        assert as_map(counted.nominal) == nominal


@settings(max_examples=50, deadline=None)
@given(spec=layer_specs(channels=4))
def test_params_equal_weights_counted_one_by_one(spec: LayerSpec) -> None:
    """One weight for every tap of every input channel that shares a group with an output channel."""
    op, graph = conv_graph(spec)
    count = op.out_channels * op.bias
    for outer, inner in product(range(op.out_channels), range(op.in_channels)):
        if outer * op.groups // op.out_channels == inner * op.groups // op.in_channels:
            count += len(list(positions(op.kernel_size)))
    assert measure(graph).params == count
