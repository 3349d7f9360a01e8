"""The experiments: seeded, fair, able to come out otherwise, and honest about it."""

from __future__ import annotations

import json

import pytest

from convcost.explain.answer import explain, measurement_document, pages
from convcost.explain.experiments import measure, stack
from convcost.explain.lessons import IDENTITY
from convcost.explain.measured import SMALL, Arm, Measurement, Settings
from convcost.explain.pages import text
from convcost.graph.ops import Add
from convcost.training.descent import Data, initial_weights, loss_of, motifs, train
from convcost.training.gradients import weight_shapes


@pytest.fixture(scope="module")
def small() -> list[Measurement]:
    """One run at small settings."""
    return measure(SMALL)


def test_each_of_the_four_claims_is_measured(small: list[Measurement]) -> None:
    """Gradients with two initialisations, the identity, convergence, accuracy; each over every seed."""
    assert [found.name.partition(",")[0] for found in small] == [
        "gradient norm", "gradient norm", "identity map", "convergence", "accuracy",
    ]  # fmt: skip
    for found in small:
        assert found.seeds == SMALL.seeds
        for arm in found.arms:
            assert [len(point) for point in arm.values] == [SMALL.seeds] * len(found.x)


def test_a_seed_gives_the_same_figures_again(small: list[Measurement]) -> None:
    assert measure(SMALL) == small


def test_experiments_are_plain_data_and_fit_80_columns(small: list[Measurement]) -> None:
    document = explain(["residual"], IDENTITY, small)
    assert json.loads(json.dumps(document, allow_nan=False))["explanations"][0]["experiments"][0]["verdict"]
    (page,) = pages(document, IDENTITY, False)
    assert max(map(len, text(page).splitlines())) <= 80


def measured(better: int, values: list[float]) -> Measurement:
    arms = [Arm(name, residual, [values, values]) for name, residual in (("plain", False), ("residual", True))]
    return Measurement("x", "c", "s", "depth", [2, 4], "y", True, arms, better, 4, "r")


def test_the_verdict_follows_the_seeds() -> None:
    """All, most, half or fewer."""
    assert [measured(n, [1.0]).verdict for n in (4, 3, 2, 0)] == ["shown", "mixed", "not shown", "not shown"]


def test_what_left_the_finite_numbers_is_null() -> None:
    document = measurement_document(measured(1, [float("inf"), 1.0, float("inf")]))
    assert document["arms"][0]["median"] == [None, None]
    assert document["arms"][0]["min"] == [1.0, 1.0]


def test_plain_and_residual_networks_differ_in_their_adds_only() -> None:
    """The same weights, and as many."""
    plain, residual = stack(8, False, 4, 8, 3), stack(8, True, 4, 8, 3)
    shapes = [[s for node in graph.nodes for s in weight_shapes(node.op)] for graph in (plain, residual)]
    assert shapes[0] == shapes[1]
    assert [type(node.op) for node in residual.nodes if type(node.op) is not Add] == [type(n.op) for n in plain.nodes]
    first, second = (initial_weights(graph, "he", 3) for graph in (plain, residual))
    flat = [[array.tobytes() for own in weights for array in own] for weights in (first, second)]
    assert flat[0] == flat[1]


def test_training_lowers_the_loss_of_a_shallow_network() -> None:
    """The tool that measures can learn at all: else nothing would follow from one that does not."""
    graph = stack(2, False, 8, 16, 4)
    weights, data = initial_weights(graph, "he", 0), motifs(500, 0)
    before = loss_of(graph, weights, data, "cross-entropy")
    run = train(graph, weights, data, "cross-entropy", rate=0.1, steps=80, batch=32, seed=0)
    assert loss_of(graph, weights, data, "cross-entropy") < 0.8 * before
    assert len(run.losses) == 80


def test_a_training_that_diverges_says_so() -> None:
    graph = stack(2, False, 4, 16, 4)
    data = motifs(64, 0)
    run = train(graph, initial_weights(graph, "he", 0), Data(data.inputs * float("inf"), data.targets), "cross-entropy",
                rate=1.0, steps=5, batch=8, seed=0)  # fmt: skip
    assert run.losses[-1] == float("inf")


def test_the_average_of_the_signals_does_not_tell_their_class() -> None:
    """The data set is no shortcut: signs are random, so the mean over a class is near 0."""
    data = motifs(4000, 0)
    assert all(abs(float(data.inputs[data.targets == c].mean())) < 0.03 for c in range(4))


def test_the_settings_of_a_run_are_several_seeds_and_depths() -> None:
    assert Settings().seeds >= 5
    assert (Settings().depths[0], Settings().depths[-1]) == (2, 64)
