"""The experiments: seeded, fair, able to come out otherwise, and honest about it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from tables import each

from convcost.explain.document import explanation_document
from convcost.explain.experiments import (
    Trained,
    _changed,
    _is_left,
    accuracy,
    convergence,
    gradients_by_depth,
    identity_map,
    run_experiments,
    stack,
    work,
)
from convcost.explain.lessons import IDENTITY
from convcost.explain.measured import SMALL, Arm, Measurement, Settings, measurement_document
from convcost.explain.pages import Grid, text
from convcost.explain.sections import pages
from convcost.explain.texts import BENEFITS
from convcost.graph.ops import Add
from convcost.training import descent
from convcost.training.descent import initial_weights
from convcost.training.gradients import weight_shapes

#: Enough for the gradients, the identity and the convergence to be shown as at full size, in a second.
ENOUGH = Settings(seeds=3, depths=(2, 16), identity_steps=40, shallow=2, deep=16, steps=36)


@pytest.fixture(scope="module")
def found() -> list[Measurement]:
    return run_experiments(ENOUGH)


def test_each_of_the_four_benefits_is_measured(found: list[Measurement]) -> None:
    """Gradients with two initialisations and with BatchNorm, the identity, accuracy, convergence; over every seed."""
    assert Counter(one.benefit for one in found) == {
        "vanishing gradient": 3, "easier optimisation": 1, "accuracy": 1, "faster convergence": 1,
    }  # fmt: skip
    assert {one.benefit for one in found} == {benefit.name for benefit in BENEFITS}
    for one in found:
        assert len(one.held) == ENOUGH.seeds
        for arm in one.arms:
            assert [len(point) for point in arm.values] == [ENOUGH.seeds] * len(one.x)


def verdicts(measurements: list[Measurement]) -> dict[str, str]:
    return {one.name: one.verdict for one in measurements}


def test_without_the_shortcut_nothing_is_shown(found: list[Measurement]) -> None:
    """The same experiments with the shortcut turned off: both arms are one network, and every claim fails."""
    off = run_experiments(ENOUGH._replace(shortcut=False))
    claims = [name for name in verdicts(off) if "control" not in name]
    assert {verdicts(off)[name] for name in claims} == {"not shown"}
    shown = {"gradient norm, PyTorch's weights", "identity map", "convergence"}
    assert {name for name in claims if verdicts(found)[name] == "shown"} >= shown
    for one in off:
        if one.name in claims:
            assert one.arms[0].values == one.arms[1].values
            assert one.why_not


@each(
    ("norms", "said"),
    [
        ([1.0, 5.0, 100.0], "grows by a factor of 1e+02"),
        ([8.0, 2.0], "falls by a factor of 4"),
        ([0.0, 1.0], "leaves the numbers of float32"),
        ([1.0, 0.0], "leaves the numbers of float32"),
        ([float("inf"), 1.0], "leaves the numbers of float32"),
        ([1.0, float("nan")], "leaves the numbers of float32"),
    ],
)
def test_how_a_norm_changes_is_told_from_its_ends(norms: list[float], said: str) -> None:
    """Where it is 0 or infinite, no factor is."""
    assert _changed(norms) == said


@each(
    ("start", "end", "left"),
    [(10.0, 1.0, True), (10.0, 0.99, False), (1.0, 50.0, True), (1.0, 0.0, False), (0.0, 0.0, False),
     (1.0, float("inf"), False), (1.0, float("nan"), False)],
)  # fmt: skip
def test_a_gradient_has_not_vanished_while_a_tenth_is_left(start: float, end: float, left: bool) -> None:
    """As the words beside the answer say; 0 and infinity are no gradients to train with."""
    assert _is_left(start, end) is left


def test_without_batch_norm_the_control_fails() -> None:
    """It holds as BatchNorm is there: with PyTorch's weights and none, the plain gradient does vanish."""
    settings = ENOUGH._replace(depths=(2, 32))
    with_norm = gradients_by_depth(settings, "pytorch", True, lambda *_: None)
    without = gradients_by_depth(settings, "pytorch", False, lambda *_: None)
    assert with_norm.verdict == "shown"
    assert max(without.arms[0].values[-1]) < 0.1 * min(without.arms[0].values[0])


def test_with_hes_weights_it_says_why_nothing_is_shown() -> None:
    """The variance that each block adds, as measured; he's own result has BatchNorm."""
    one = gradients_by_depth(Settings(seeds=3), "he", False, lambda *_: None)
    assert one.verdict == "not shown"
    assert "√2 to the power 32 is 6.6e+04" in one.why_not
    assert np.sqrt(2.0) ** 32 == pytest.approx(6.6e4, rel=0.01)
    growth = one.arms[1].middle[-1] / one.arms[1].middle[0]
    assert f"grows by a factor of {growth:.2g}" in one.why_not


def test_a_seed_gives_the_same_figures_again() -> None:
    assert run_experiments(SMALL) == run_experiments(SMALL)


def test_the_readings_are_the_medians(found: list[Measurement]) -> None:
    """What a sentence says is what the numbers say, counted with NumPy."""
    for one in found:
        plain, residual = (np.median(np.array(arm.values), axis=1) for arm in one.arms)
        assert [arm.middle for arm in one.arms] == [plain.tolist(), residual.tolist()]
        if "norm" in one.name:
            for middle in (plain, residual):
                factor = max(middle[-1] / middle[0], middle[0] / middle[-1])
                assert f"{factor:.2g}" in one.reading
        else:
            assert f"{plain[-1]:.2g}" in one.reading or f"{plain[-1]:.2f}" in one.reading
            assert f"{residual[-1]:.2g}" in one.reading or f"{residual[-1]:.2f}" in one.reading


def test_progress_tells_all_of_the_work() -> None:
    """What a bar is drawn by adds up, and names every part."""
    done: Counter[str] = Counter()
    run_experiments(SMALL, lambda passes, what: done.update({what: passes}))
    assert sum(done.values()) == work(SMALL)
    assert len(done) == 8


def test_set_ups_can_be_repeated_by_hand(found: list[Measurement]) -> None:
    """Blocks, where the shortcut starts and ends, weights, data, steps and seeds are all said."""
    for one in found:
        said = {"network", "shortcut", "norm", "weights", "data", "measured", "seeds", "holds if"}
        assert said <= set(one.setup)
        assert ("training" in one.setup) == ("gradient norm" not in one.name)
        assert "kernel 3, padding 1, 8 channels, 16 positions" in one.setup["network"]
        assert "input" in one.setup["shortcut"]


def test_experiments_are_plain_data_and_fit_80_columns(found: list[Measurement]) -> None:
    """Every seed's numbers are in the JSON, under the seed; verdicts stand with the benefit, figures are drawn."""
    document = explanation_document(["residual"], IDENTITY, found)
    written = json.loads(json.dumps(document, allow_nan=False))["explanations"][0]["experiments"]
    for one, have in zip(found, written, strict=True):
        assert have["seeds"] == list(range(ENOUGH.seeds))
        assert [arm["values"] for arm in have["arms"]] == [arm.values for arm in one.arms]
    (page,) = pages(document, IDENTITY, False)
    shown = text(page)
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.count("p plain, r residual, * both") == 6
    assert "--experiment" not in shown
    assert "identity map" in shown


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ([True] * 3, "no vanishing, as expected"),
        ([True, True, False], "no vanishing with most seeds"),
        ([False] * 3, "vanishing, not as expected"),
    ],
)
def test_the_control_is_not_shown_as_a_benefit(found: list[Measurement], held: list[bool], said: str) -> None:
    """It is about the plain network: beside the benefit stands what it came to, and not the verdict on its claim."""
    assert [one.name for one in found if "control" in one.name] == ["gradient norm, BatchNorm (control)"]
    all_of_them = [one._replace(held=held) if "control" in one.name else one for one in found]
    (page,) = pages(explanation_document(["residual"], IDENTITY, all_of_them), IDENTITY, False)
    (table,) = [
        block for section in page.sections if section.title == "What it is said to do" for block in section.blocks
    ]
    assert isinstance(table, Grid)
    assert table.rows[0][2].split("; ")[-1] == f"BatchNorm (control): {said}"


def measured(held: list[bool], values: list[float]) -> Measurement:
    arms = [Arm(name, [values, values]) for name in ("plain", "residual")]
    return Measurement("x", "b", "c", {}, "depth", [2, 4], "y", True, arms, held, "r", "w")


def test_the_verdict_follows_the_seeds() -> None:
    """All, most, half or fewer."""
    held = [[True] * n + [False] * (4 - n) for n in (4, 3, 2, 0)]
    assert [measured(one, [1.0]).verdict for one in held] == ["shown", "mixed", "not shown", "not shown"]


def test_what_left_the_finite_numbers_is_null() -> None:
    document = measurement_document(measured([True], [float("inf"), 1.0, float("inf")]))
    assert document["arms"][0]["median"] == [None, None]
    assert document["arms"][0]["min"] == [1.0, 1.0]


def test_plain_and_residual_networks_differ_in_their_adds_only() -> None:
    """The same weights, and as many."""
    plain, residual = stack(8, False), stack(8, True)
    shapes = [[s for node in graph.nodes for s in weight_shapes(node.op)] for graph in (plain, residual)]
    assert shapes[0] == shapes[1]
    assert [type(node.op) for node in residual.nodes if type(node.op) is not Add] == [type(n.op) for n in plain.nodes]
    first, second = (initial_weights(graph, "he", [3]) for graph in (plain, residual))
    flat = [[array.tobytes() for own in weights for array in own] for weights in (first, second)]
    assert flat[0] == flat[1]


def test_the_identity_is_a_block_with_weights_of_zero() -> None:
    """That is the reason: with a shortcut the error before training is smaller than an output of zeros has."""
    one = identity_map(SMALL, lambda *_: None)
    assert max(one.arms[1].values[0]) < 0.5 < min(one.arms[0].values[0])


def test_the_settings_of_a_run_are_several_seeds_and_depths() -> None:
    assert Settings().seeds >= 5
    assert (Settings().depths[0], Settings().depths[-1]) == (2, 64)


#: Three pairs of marks: 0, 2, 10 and 40 steps.
FEW = Settings(seeds=2, depths=(2, 4), identity_steps=40, shallow=2, deep=4, steps=3)


def test_what_is_said_to_be_run_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals, steps, rates and seeds, as the set-ups have them; the order of samples is another one in each part."""
    told: list[tuple[object, ...]] = []

    def drawn(name: str) -> Callable[..., object]:
        run = getattr(descent, name)

        def listening(sizes: object, seeds: range) -> object:
            told.append((name, sizes, seeds))
            return run(sizes, seeds)

        return listening

    def train(*_: object, rate: float, steps: int, batch: int, seeds: Sequence[int], **__: object) -> list[list[float]]:
        told.append(("train", rate, steps, batch, [*seeds]))
        return [[0.0] * len(seeds)] * steps

    for name, instead in (
        ("motifs", drawn("motifs")), ("normal_data", drawn("normal_data")), ("train", train),
        ("losses_of", lambda *_: [0.0, 0.0]), ("accuracies", lambda *_: [0.0, 0.0]),
    ):  # fmt: skip
        monkeypatch.setattr(descent, name, instead)
    run_experiments(FEW)
    both = range(2)
    gradients = [("motifs", 32, both)] * 12  # three kinds, two arms, two depths
    parts = [("train", 0.3, steps, 32, [start, start + 1]) for start, steps in ((0, 2), (2, 8), (10, 30))]
    learnt = [("normal_data", (256, 8, 16), both), *parts] * 2
    trained = [("motifs", 2000, both), ("motifs", 1000, range(1000, 1002)), *[("train", 0.05, 3, 32, [0, 1])] * 4]
    assert told == [*gradients, *learnt, *trained]


@each(
    ("steps", "marks", "plain"),
    [
        (30, [6, 12, 18, 24, 30], [5.5, 11.5, 17.5, 23.5, 29.5]),  # the mean of the last two
        (15, [3, 6, 9, 12, 15], [3, 6, 9, 12, 15]),
        (4, [1, 1, 2, 3, 4], [1, 1, 2, 3, 4]),  # at least one
        (45, [9, 18, 27, 36, 45], [8, 17, 26, 35, 44]),
    ],
)
def test_a_loss_is_the_mean_of_the_last_fifteenth(steps: int, marks: list[int], plain: list[float]) -> None:
    """At five marks; it holds with a seed whose loss at the end is lower."""
    counted = [float(step) for step in range(1, steps + 1)]
    lower, even = [step / 2 for step in counted], counted
    runs = {(4, False): ([counted, counted], [0.0, 0.0]), (4, True): ([lower, even], [0.0, 0.0])}
    found = convergence(FEW._replace(steps=steps), runs)
    assert found.x == marks
    assert found.arms[0].values == [[value, value] for value in plain]
    assert found.held == [True, False]
    assert found.why_not.startswith("With seed 1 the plain network did as well or better")
    assert f"After {steps} steps the loss is {plain[-1]:.2f} plain and" in found.reading


def test_accuracy_is_compared_where_networks_are_deep() -> None:
    """As good is not better."""
    runs: Trained = {
        (2, False): ([], [0.1, 0.2]), (4, False): ([], [0.3, 0.5]), (2, True): ([], [0.4, 0.6]),
        (4, True): ([], [0.3, 0.4]),
    }  # fmt: skip
    found = accuracy(FEW, runs)
    assert [arm.values for arm in found.arms] == [[[0.1, 0.2], [0.3, 0.5]], [[0.4, 0.6], [0.3, 0.4]]]
    assert found.held == [False, False]
    assert found.why_not.startswith("With seeds 0, 1 the plain network")
    assert "goes from 0.15 to 0.40 plain and from 0.50 to 0.35 with shortcuts" in found.reading
    assert accuracy(FEW, {**runs, (4, True): ([], [0.31, 0.51])}).why_not == ""


def test_a_block_is_two_convolutions_and_a_stack_has_half_as_many() -> None:
    """A norm behind each; the shortcut goes from the block's first value to the add."""
    nodes = stack(4, True, True).nodes
    names = [node.name for node in nodes]
    assert names[:9] == ["stem", "stem.relu", *[f"pair0.{part}" for part in (
        "conv1", "norm1", "relu1", "conv2", "norm2", "add", "relu2")]]  # fmt: skip
    assert len(names) == 2 + 2 * 7 + 2
    assert [node.inputs for node in nodes[2:9]] == [(2,), (3,), (4,), (5,), (6,), (7, 2), (8,)]
    assert [node.inputs for node in stack(2, False).nodes] == [(0,), (1,), (2,), (3,), (4,), (5,), (6,), (7,)]
    assert [node.inputs for node in nodes[-2:]] == [(16,), (17,)]
