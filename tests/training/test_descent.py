"""Training side by side: each network does what it would do alone, gradients are differences, and all of it repeats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convcost.explain.experiments import stack
from convcost.graph.ops import Activation, AdaptivePool, Add, BatchNorm, Conv, Flatten, Graph, Linear, Node
from convcost.training.descent import (
    Data,
    accuracies,
    cross_entropy,
    gradient_norms,
    gradients_at,
    initial_weights,
    joined_graph,
    losses_of,
    motifs,
    normal_data,
    parted,
    squared_error,
    train,
    train_side_by_side,
)
from convcost.training.gradients import backward, forward

SEEDS = (0, 3, 4)


def ready(seeds: tuple[int, ...], *, depth: int = 4, norm: bool = False) -> tuple[Graph, Any, Data]:
    one = stack(depth, residual=True, norm=norm)
    return train_side_by_side(one, len(seeds)), initial_weights(one, "he", seeds), motifs(200, seeds)


def test_networks_side_by_side_train_as_they_do_alone() -> None:
    """Losses step by step, and what was learned: nothing passes from one to another."""
    settings: dict[str, Any] = {"rate": 0.05, "steps": 6, "batch": 16}
    graph, weights, data = ready(SEEDS)
    together = np.array(train(graph, weights, data, "cross-entropy", seeds=SEEDS, **settings))
    final = losses_of(graph, weights, data, "cross-entropy")
    for place, seed in enumerate(SEEDS):
        one, own, its = ready((seed,))
        alone = np.array(train(one, own, its, "cross-entropy", seeds=(seed,), **settings))
        assert np.allclose(together[:, place], alone[:, 0], rtol=1e-3)
        assert final[place] == pytest.approx(losses_of(one, own, its, "cross-entropy")[0], rel=1e-3)


def test_gradient_norms_are_those_of_each_network() -> None:
    """And with the statistics of the batch, which are those of each network's channels."""
    for norm in (False, True):
        graph, weights, data = ready(SEEDS, norm=norm)
        _, found = gradients_at(graph, weights, data, "cross-entropy", batch_statistics=norm)
        together = gradient_norms(found.weights[0], len(SEEDS))
        for place, seed in enumerate(SEEDS):
            one, own, its = ready((seed,), norm=norm)
            _, alone = gradients_at(one, own, its, "cross-entropy", batch_statistics=norm)
            length = np.sqrt(sum(float((w.astype(float) ** 2).sum()) for w in alone.weights[0]))
            assert together[place] == pytest.approx(length, rel=1e-3)


def test_what_is_joined_can_be_parted() -> None:
    apart = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    assert joined_graph(apart).shape == (3, 8, 5)
    assert (parted(joined_graph(apart), 2) == apart).all()


def differences(function: Any, array: Any, step: float = 1e-6) -> Any:
    """The gradient of the sum of what `function` gives, by central differences."""
    found = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + step
        above = function().sum()
        array[place] = kept - step
        found[place] = (above - function().sum()) / (2 * step)
        array[place] = kept
    return found


def test_losses_and_their_gradients() -> None:
    """Each network's, against the definition and central differences in float64."""
    random = np.random.default_rng(0)
    scores, right = random.normal(size=(2, 5, 4, 1)), random.integers(0, 4, (2, 5))
    shares = np.exp(scores[..., 0]) / np.exp(scores[..., 0]).sum(axis=2, keepdims=True)
    expected = [np.mean([-np.log(shares[n, i, right[n, i]]) for i in range(5)]) for n in range(2)]
    assert np.allclose(cross_entropy(scores, right)[0], expected)
    assert np.allclose(cross_entropy(scores, right)[1], differences(lambda: cross_entropy(scores, right)[0], scores))
    output, target = random.normal(size=(2, 3, 4, 5)), random.normal(size=(2, 3, 4, 5))
    expected = [((output[n] - target[n]) ** 2).sum() / (target[n] ** 2).sum() for n in range(2)]
    assert np.allclose(squared_error(output, target)[0], expected)
    slopes = squared_error(output, target)[1]
    assert np.allclose(slopes, differences(lambda: squared_error(output, target)[0], output))


def test_scores_of_any_size_have_a_loss() -> None:
    """A class a thousand above the others: 0 where it is the right one, else a thousand, and slopes of 0 and 1."""
    scores, right = np.array([[[1000.0, 0, -1000], [0, 1000, 0]]]), np.array([[0, 0]])
    values, slopes = cross_entropy(scores, right)
    assert values.tolist() == [500]
    assert slopes.tolist() == [[[0, 0, 0], [-0.5, 0.5, 0]]]


def test_batch_norm_as_in_training() -> None:
    """Each channel of the batch gets mean 0 and variance 1; its gradients are central differences."""
    graph = Graph((1, 3, 4), "fp32", (Node("norm", BatchNorm(3), (0,)),))
    random = np.random.default_rng(0)
    given, weights = random.normal(2, 3, (5, 3, 4)), [[random.normal(size=3), random.normal(size=3)]]
    out = forward(graph, given, [[np.ones(3), np.zeros(3)]], batch_statistics=True).values[-1]
    assert np.allclose(out.mean(axis=(0, 2)), 0)
    assert np.allclose(out.var(axis=(0, 2)), 1, atol=1e-4)
    grad = random.normal(size=given.shape)

    def objective() -> Any:
        return forward(graph, given, weights, batch_statistics=True).values[-1] * grad

    found = backward(graph, forward(graph, given, weights, batch_statistics=True), weights, grad)
    for have, array in zip((found.values[0], *found.weights[0]), (given, *weights[0]), strict=True):
        assert np.allclose(have, differences(objective, array), atol=1e-6)
    inference = backward(graph, forward(graph, given, weights), weights, grad)
    assert not np.allclose(inference.values[0], found.values[0])


def test_training_lowers_the_loss_of_a_shallow_network() -> None:
    """The tool that measures can learn at all: else nothing would follow from one that does not."""
    one = stack(2, residual=False)
    graph, weights, data = train_side_by_side(one, 1), initial_weights(one, "he", [0]), motifs(500, [0])
    (before,) = losses_of(graph, weights, data, "cross-entropy")
    told: list[int] = []
    losses = train(graph, weights, data, "cross-entropy", rate=0.1, steps=80, batch=32, seeds=[0], progress=told.append)
    assert losses_of(graph, weights, data, "cross-entropy")[0] < 0.8 * before
    assert accuracies(graph, weights, data)[0] > 0.5
    assert len(losses) == sum(told) == 80


def test_a_network_that_diverges_says_so_and_leaves_the_others() -> None:
    graph, weights, data = ready((0, 1))
    data.inputs[0] = np.inf
    losses = train(graph, weights, data, "cross-entropy", rate=1.0, steps=3, batch=8, seeds=(0, 1))
    assert [np.isinf(step).tolist() for step in losses] == [[True, False]] * 3
    assert np.isinf(losses_of(graph, weights, data, "cross-entropy")).tolist() == [True, False]


def test_the_average_of_the_signals_does_not_tell_their_class() -> None:
    """The data set is no shortcut: signs are random, so the mean over a class is near 0."""
    data = motifs(4000, [0])
    assert all(abs(float(data.inputs[0][data.targets[0] == c].mean())) < 0.03 for c in range(4))


def test_normal_numbers_are_those_of_the_seed() -> None:
    assert (normal_data((2, 3), (5, 6))[1] == normal_data((2, 3), (6,))[0]).all()


def test_an_operation_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="Flatten"):
        train_side_by_side(Graph((1, 3, 4), "fp32", (Node("flatten", Flatten(), (0,)),)), 2)


@pytest.mark.parametrize(("init", "variance"), [("he", 2 / 64), ("pytorch", 1 / 192)])
def test_weights_are_drawn_with_the_variance_of_their_inputs(init: str, variance: float) -> None:
    """16 channels of 4 taps; biases and shifts 0, scales 1, those of each seed its own."""
    conv = Conv(16, 200, (2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), bias=True)
    graph = Graph((1, 16, 5, 5), "fp32", (Node("conv", conv, (0,)), Node("norm", BatchNorm(200), (1,))))
    (kernel, bias), (scale, shift) = initial_weights(graph, init, [1, 2])
    assert [array.shape for array in (kernel, bias, scale, shift)] == [(400, 16, 2, 2), (400,), (400,), (400,)]
    assert [array.dtype for array in (kernel, bias, scale, shift)] == [np.float32] * 4
    assert kernel.var() == pytest.approx(variance, rel=0.05)
    assert abs(kernel.mean()) < 0.01
    assert (bias.tolist(), scale.tolist(), shift.tolist()) == ([0] * 400, [1] * 400, [0] * 400)
    assert not np.allclose(kernel[:200], kernel[200:])
    assert (kernel[200:] == initial_weights(graph, init, [2])[0][0]).all()


def test_networks_side_by_side_have_their_own_channels_and_groups() -> None:
    """A linear layer as a 1x1 that has a bias if it had one; what has no channels of its own stays."""
    conv, stays = (
        Conv(2, 4, (3,), (2,), ((1, 0),), (1,), 2, bias=True),
        (Add(), Activation("relu"), AdaptivePool("avg", (1,))),
    )
    nodes = [conv, BatchNorm(4), *stays, Linear(4, 3, bias=True), Linear(3, 5)]
    graph = Graph((6, 2, 5), "fp32", tuple([Node("", op, (0,)) for op in nodes]))
    wide = train_side_by_side(graph, 3)
    assert wide.input_shape == (6, 6, 5)
    assert [node.op for node in wide.nodes] == [
        conv._replace(in_channels=6, out_channels=12, groups=6), BatchNorm(12), *stays,
        Conv(12, 9, (1,), (1,), ((0, 0),), (1,), 3, bias=True), Conv(9, 15, (1,), (1,), ((0, 0),), (1,), 3),
    ]  # fmt: skip


def test_signals_are_waves_of_eight_samples_anywhere() -> None:
    """Without noise: half a period to two of a cosine, sampled between its ends, either way up, silence around it."""
    data = motifs(400, [5], noise=0)
    assert (data.inputs.shape, data.inputs.dtype) == ((1, 400, 1, 16), np.float32)
    cosines = [[np.cos(half * np.pi * place / 16) for place in range(1, 17, 2)] for half in (1, 2, 3, 4)]
    starts, ways = set(), set()
    for signal, target in zip(data.inputs[0, :, 0], data.targets[0]):
        start = int(np.flatnonzero(np.abs(signal) > 1e-6)[0])
        part, wave = signal[start : start + 8], np.array(cosines[target])
        assert np.allclose(np.abs(part @ wave), wave @ wave, atol=1e-5)
        assert np.abs(signal).sum() == pytest.approx(np.abs(wave).sum(), abs=1e-5)
        starts.add(start)
        ways.add((int(target), bool(part @ wave > 0)))
    assert starts == set(range(9))
    assert ways == {(target, up) for target in range(4) for up in (False, True)}


@pytest.mark.parametrize(("given", "count"), [({}, (16, 4)), ({"length": 9, "classes": 2}, (9, 2))])
def test_signals_are_as_long_and_as_many_kinds_as_asked_for(given: dict[str, int], count: tuple[int, int]) -> None:
    data = motifs(300, [0, 1], **given)
    assert data.inputs.shape == (2, 300, 1, count[0])
    assert [np.unique(targets).tolist() for targets in data.targets] == [list(range(count[1]))] * 2
    assert (motifs(300, [1], **given).inputs[0] == data.inputs[1]).all()


def one_weight(value: float, kind: str = "conv") -> tuple[Graph, Any]:
    conv = Conv(1, 1, (1,), (1,), ((0, 0),), (1,))
    return Graph((1, 1, 1), "fp32", (Node(kind, conv, (0,)),)), [[np.full((1, 1, 1), value, np.float32)]]


@pytest.mark.parametrize(
    ("clip", "losses", "learned"),
    [
        # w 3, 1 wanted of 1: loss (w - 1)², slope 2 (w - 1). 3 -> 3 - 0.1 * 4 = 2.6; speed -0.4
        (100.0, [4.0, 2.56], 2.6 - 0.5 * 0.4 - 0.1 * 3.2),
        # no step longer than 0.1: 3 -> 2.9; speed -0.1
        (1.0, [4.0, 3.61], 2.9 - 0.5 * 0.1 - 0.1),
    ],
)
def test_a_step_follows_the_slope_with_momentum_and_no_further_than_it_is_clipped(
    clip: float, losses: list[float], learned: float
) -> None:
    """By hand: two steps of one weight at the rate 0.1 and the momentum 0.5."""
    graph, weights = one_weight(3.0)
    data = Data(np.ones((1, 4, 1, 1), np.float32), np.ones((1, 4, 1, 1), np.float32))
    found = train(graph, weights, data, "squared-error", rate=0.1, steps=2, batch=4, seeds=[0], momentum=0.5, clip=clip)
    assert [loss for step in found for loss in step] == pytest.approx(losses, rel=1e-5)
    assert weights[0][0].item() == pytest.approx(learned, rel=1e-5)


def test_momentum_and_clip_have_the_defaults_that_are_said() -> None:
    """0.9 and 1: 3 -> 2.9 -> 2.9 - 0.09 - 0.1."""
    graph, weights = one_weight(3.0)
    data = Data(np.ones((1, 4, 1, 1), np.float32), np.ones((1, 4, 1, 1), np.float32))
    train(graph, weights, data, "squared-error", rate=0.1, steps=2, batch=4, seeds=[0])
    assert weights[0][0].item() == pytest.approx(2.71, rel=1e-5)


def test_a_network_without_a_slope_stays_where_it_is() -> None:
    """Nothing is divided by the length 0 of its gradient."""
    graph, weights = one_weight(1.0)
    data = Data(np.ones((1, 4, 1, 1), np.float32), np.ones((1, 4, 1, 1), np.float32))
    assert train(graph, weights, data, "squared-error", rate=0.1, steps=2, batch=4, seeds=[0]) == [[0.0], [0.0]]
    assert weights[0][0].item() == 1


def test_a_batch_is_drawn_from_all_samples_and_the_data_of_its_network() -> None:
    """Network 0 is given 2 to 7, network 1 a hundred times as much; the loss beside a target of 1 tells which."""
    met: list[set[int]] = [set(), set()]
    graph = train_side_by_side(one_weight(1.0)[0], 2)
    given = np.arange(2.0, 8)[None] * np.array([[1.0], [100]])
    data = Data(given.reshape(2, 6, 1, 1).astype(np.float32), np.ones((2, 6, 1, 1), np.float32))
    for seed in range(30):
        weights = [[np.ones((2, 1, 1), np.float32)]]
        (losses,) = train(graph, weights, data, "squared-error", rate=0.0, steps=1, batch=1, seeds=(seed, seed + 100))
        for place, loss in enumerate(losses):
            met[place].add(round(loss**0.5 + 1))
    assert met == [{2, 3, 4, 5, 6, 7}, {200, 300, 400, 500, 600, 700}]


def test_lengths_of_gradients_are_euclidean_over_all_arrays() -> None:
    """3 and 4 of the first network, 5 and 12 of the second."""
    arrays = [np.array([3.0, 5.0]).reshape(2, 1, 1), np.array([[4.0, 0], [0, 12]])]
    assert gradient_norms(arrays, 2).tolist() == [5, 13]


def test_accuracy_is_the_share_whose_right_class_scores_most() -> None:
    """Three of four, and one of four: scores are the inputs times 1."""
    graph = train_side_by_side(Graph((1, 2, 1), "fp32", (Node("same", Activation("relu"), (0,)),)), 2)
    scores = np.array([[[2, 1], [1, 2], [5, 0], [0, 5]], [[2, 1], [1, 2], [5, 0], [0, 5]]], np.float32)[..., None]
    data = Data(scores, np.array([[0, 1, 0, 0], [1, 0, 0, 0]]))
    assert accuracies(graph, [[]], data) == [0.75, 0.25]
