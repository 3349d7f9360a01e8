"""Training side by side: each network does what it would do alone, gradients are differences, and all of it repeats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convcost.explain.experiments import stack
from convcost.graph.ops import BatchNorm, Flatten, Graph, Node
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
