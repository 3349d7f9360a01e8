"""What is claimed of residual connections, each claim as a small measurement that could come out otherwise.

NumPy is loaded by the functions that measure, through `training.descent`; importing this file loads none.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from math import inf, log10, sqrt
from typing import Any

from ..graph import ops
from .measured import Arm, Measurement, Settings

#: Channels, positions and classes of every network here.
CHANNELS, LENGTH, CLASSES = 8, 16, 4

#: Told how much of the work was done, in passes of one network through one convolution and back, and what it was.
Progress = Callable[[int, str], object]


def stack(depth: int, residual: bool, norm: bool = False) -> ops.Graph:
    """A network of `depth` 1-D convolutions of kernel 3, ReLU after each, in pairs that a shortcut can skip.

    Before them a convolution from 1 channel, behind them the mean over positions and a linear classifier (He et al.
    2015, figure 2). Plain and residual have the same weights.
    """
    nodes = [ops.Node("stem", _conv(1), (0,)), ops.Node("stem.relu", ops.Activation("relu"), (1,))]
    for pair in range(depth // 2):
        nodes += _pair(f"pair{pair}", len(nodes), residual, norm)
    nodes.append(ops.Node("pool", ops.AdaptivePool("avg", (1,)), (len(nodes),)))
    nodes.append(ops.Node("classifier", ops.Linear(CHANNELS, CLASSES, True), (len(nodes),)))
    return ops.Graph((1, 1, LENGTH), "fp32", tuple(nodes))


def _pair(name: str, start: int, residual: bool, norm: bool = False) -> Iterator[ops.Node]:
    """Two convolutions from value `start` on, and what belongs to them; the last is the ReLU behind the add."""
    chain: list[tuple[str, Any]] = [("conv1", _conv(CHANNELS)), *[("norm1", ops.BatchNorm(CHANNELS))] * norm]
    chain += [
        ("relu1", ops.Activation("relu")),
        ("conv2", _conv(CHANNELS)),
        *[("norm2", ops.BatchNorm(CHANNELS))] * norm,
    ]
    for place, (part, op) in enumerate(chain, start):
        yield ops.Node(f"{name}.{part}", op, (place,))
    end = start + len(chain)
    if residual:
        yield ops.Node(f"{name}.add", ops.Add(), (end, start))
    yield ops.Node(f"{name}.relu2", ops.Activation("relu"), (end + residual,))


def _conv(inner: int) -> ops.Conv:
    return ops.Conv(inner, CHANNELS, (3,), (1,), ((1, 1),), (1,), bias=True)


BLOCK = "conv, ReLU, conv (1-D, kernel 3, padding 1, 8 channels, 16 positions, with biases)"
NETWORK = (
    f"a convolution from 1 to 8 channels, ReLU, then blocks ({BLOCK}) with a ReLU behind each, then the mean over "
    "positions and a linear layer to 4 classes; depth counts the blocks' convolutions"
)
SHORTCUT = "from a block's input to its output, added before the last ReLU; the identity, with no weights"
NO_NORM = "none"
WAVES = (
    "16 samples of noise (normal, deviation 0.3); to 8 in a row, anywhere, is added +1 or -1 times one of 4 waves "
    "cos(pi·(n + 1/2)·(f + 1)/8), n = 0…7; the class is f = 0…3"
)
INITS = {
    "pytorch": "normal, variance 1/(3·inputs), which is PyTorch's default; biases 0",
    "he": "normal, variance 2/inputs (He et al. 2015, arXiv 1502.01852); biases 0",
}


def _seeds(settings: Settings) -> str:
    return f"0 to {settings.seeds - 1}; a seed draws weights, data and the order of samples, the same for both arms"


def _arms(plain: list[list[float]], residual: list[list[float]]) -> list[Arm]:
    """Two arms from the values along x that each seed gave."""
    return [
        Arm(name, [list(p) for p in zip(*runs, strict=True)])
        for name, runs in (("plain", plain), ("residual", residual))
    ]


def gradients_by_depth(settings: Settings, init: str, norm: bool, progress: Progress) -> Measurement:
    """The norm of the first convolution's gradient before training, by depth; with BatchNorm it is the control."""
    what = f"gradients by depth, {'BatchNorm' if norm else _WHOSE[init]}"
    sides = [_norms(settings, init, norm, residual, lambda n: progress(n, what)) for residual in (False, True)]
    arms = _arms(*[[list(seed) for seed in zip(*norms)] for norms, _ in sides])
    drifts = [[_decades(*ends) for ends in zip(arm.values[0], arm.values[-1])] for arm in arms]
    plain, residual = (_changed(arm.middle) for arm in arms)
    reading = (
        f"From depth {settings.depths[0]} to {settings.depths[-1]} the norm {plain} plain and {residual} with "
        "shortcuts (medians)." + " That is the opposite of vanishing." * (norm and plain.startswith("grows"))
    )
    setup = {
        "network": NETWORK, "shortcut": SHORTCUT, "norm": _NORM if norm else NO_NORM, "weights": INITS[init],
        "data": f"32 signals: {WAVES}", "measured": "the gradient of the cross-entropy, before any step",
        "seeds": _seeds(settings), "holds if": _NOT_VANISHED if norm else _SMALLER_CHANGE,
    }  # fmt: skip
    ends = zip(arms[0].values[0], arms[0].values[-1])
    held = [_is_left(*norms) for norms in ends] if norm else [abs(r) < abs(p) for p, r in zip(*drifts)]
    return Measurement(
        "gradient norm, " + ("BatchNorm (control)" if norm else f"{_WHOSE[init]} weights"),
        "vanishing gradient", _CONTROL if norm else _REACHES, setup, "depth", list(settings.depths),
        "gradient norm, first convolution", True, arms, held, reading,
        "" if all(held) else _why_it_changes(settings, plain if norm else residual, sides[not norm][1]),
    )  # fmt: skip


_WHOSE = {"pytorch": "PyTorch's", "he": "He's"}
_REACHES = "with a shortcut the gradient reaches the first layer however deep the network is"
_CONTROL = "where BatchNorm keeps the signal's size, a plain network's gradient does not vanish either"
_NORM = "BatchNorm behind every convolution of a block, by the statistics of the batch, as in training"
_SMALLER_CHANGE = "from the least depth to the greatest the norm changes by a smaller factor, up or down"
_NOT_VANISHED = "at the greatest depth the plain norm is at least a tenth of that at the least"


def _norms(settings: Settings, init: str, norm: bool, residual: bool, progress: Callable[[int], object]) -> Any:
    """By depth every seed's gradient norm; and how the signal's deviation grows from the first block to the last."""
    from ..training.descent import (
        gradient_norms,
        gradients_at,
        initial_weights,
        joined_graph,
        motifs,
        parted,
        train_side_by_side,
    )
    from ..training.gradients import forward

    found, seeds = [], range(settings.seeds)
    for depth in settings.depths:
        one = stack(depth, residual and settings.shortcut, norm)
        graph, weights, data = train_side_by_side(one, len(seeds)), initial_weights(one, init, seeds), motifs(32, seeds)
        _, gradients = gradients_at(graph, weights, data, "cross-entropy", batch_statistics=norm)
        found.append(gradient_norms(gradients.weights[0], len(seeds)).tolist())
        progress(depth * len(seeds))
    values = forward(graph, joined_graph(data.inputs), weights, batch_statistics=norm).values
    ends = [i + 1 for i, node in enumerate(one.nodes) if node.name.endswith("relu2")]
    first, last = (sorted(parted(values[i], len(seeds)).std(axis=(1, 2, 3)).tolist()) for i in (ends[0], ends[-1]))
    return found, last[len(seeds) // 2] / first[len(seeds) // 2]


def _decades(start: float, end: float) -> float:
    return log10(end / start) if 0 < end < inf and 0 < start < inf else inf


def _is_left(start: float, end: float) -> bool:
    """What `_NOT_VANISHED` says; of what is 0 or no number at either end, nothing is left."""
    return 0 < start / 10 <= end < inf


def _changed(middle: list[float]) -> str:
    decades = _decades(middle[0], middle[-1])
    if decades == inf:
        return "leaves the numbers of float32"
    return f"{'grows' if decades >= 0 else 'falls'} by a factor of {10 ** abs(decades):.2g}"


def _why_it_changes(settings: Settings, changed: str, growth: float) -> str:
    """What the signal did on its way, as measured: the gradient goes through the same weights."""
    blocks = settings.depths[-1] // 2
    return (
        f"Nothing here keeps the signal's size: each block adds the variance of F(x) to that of x, which multiplies "
        f"its standard deviation by about √2 (√2 to the power {blocks} is {sqrt(2) ** blocks:.2g}). Measured, the "
        f"deviation changes by a factor of {growth:.2g} from the first of {blocks} blocks to the last, and the "
        f"gradient, which passes the same sums backwards, {changed}. BatchNorm or smaller weights in a block's last "
        "convolution stop it."
    )


def identity_map(settings: Settings, progress: Progress) -> Measurement:
    """How well two convolutions learn to give back their input, with the shortcut and without."""
    from ..training.descent import Data, initial_weights, losses_of, normal_data, train, train_side_by_side

    seeds, last = range(settings.seeds), settings.identity_steps
    marks = sorted({0, last // 20, last // 4, last})

    def errors(residual: bool) -> list[list[float]]:
        one = ops.Graph((1, CHANNELS, LENGTH), "fp32", tuple(_pair("pair", 0, residual and settings.shortcut))[:-1])
        graph, weights = train_side_by_side(one, len(seeds)), initial_weights(one, "pytorch", seeds)
        given = normal_data((256, CHANNELS, LENGTH), seeds)
        data = Data(given, given)
        found = [losses_of(graph, weights, data, "squared-error")]
        for start, stop in pairwise(marks):
            train(graph, weights, data, "squared-error", rate=0.3, steps=stop - start, batch=32,
                  seeds=[seed + start for seed in seeds],
                  progress=partial(_told, progress, 2 * len(seeds), "learning the identity map"))  # fmt: skip
            found.append(losses_of(graph, weights, data, "squared-error"))
        return [list(seed) for seed in zip(*found)]

    arms = _arms(errors(False), errors(True))
    plain, residual = (arm.middle for arm in arms)
    held = [r < p for p, r in zip(arms[0].values[-1], arms[1].values[-1])]
    setup = {
        "network": f"one block: {BLOCK}", "shortcut": "from the block's input to its output; the identity",
        "norm": NO_NORM, "weights": INITS["pytorch"], "data": "256 inputs of normal numbers, asked to be given back",
        "training": f"{last} steps of 32 inputs, rate 0.3, momentum 0.9, gradients clipped to norm 1",
        "measured": "the squared error over that of an output of zeros", "seeds": _seeds(settings),
        "holds if": "the error at the end is smaller",
    }  # fmt: skip
    return Measurement(
        "identity map", "easier optimisation", "a block with a shortcut learns the identity easily: it starts near it",
        setup, "steps", marks, "relative squared error", True, arms, held,
        f"Before training the error is {plain[0]:.2f} plain and {residual[0]:.2f} with the shortcut; after {last} "
        f"steps {plain[-1]:.2g} and {residual[-1]:.2g} (medians).", _why_not(held),
    )  # fmt: skip


def _why_not(held: list[bool]) -> str:
    """Where it did not hold: the seeds, for whoever wants to look at them."""
    failed = [str(seed) for seed, held_here in enumerate(held) if not held_here]
    if not failed:
        return ""
    return (
        f"With seed{'s' * (len(failed) > 1)} {', '.join(failed)} the plain network did as well or better: in so few "
        "steps on so little data it depends on the weights that a seed draws."
    )


#: By depth and shortcut: every seed's losses, step by step, and its accuracy.
Trained = dict[tuple[int, bool], tuple[list[list[float]], list[float]]]


def trained(settings: Settings, progress: Progress) -> Trained:
    """Shallow and deep networks, plain and residual, trained alike on generated signals."""
    from ..training.descent import accuracies, initial_weights, motifs, train, train_side_by_side

    seeds = range(settings.seeds)
    learned, unseen = motifs(2000, seeds), motifs(1000, range(1000, 1000 + settings.seeds))
    found: Trained = {}
    for depth in (settings.shallow, settings.deep):
        for residual in (False, True):
            one = stack(depth, residual and settings.shortcut)
            graph, weights = train_side_by_side(one, len(seeds)), initial_weights(one, "he", seeds)
            what = f"training, depth {depth}, {'residual' if residual else 'plain'}"
            told = partial(_told, progress, depth * len(seeds), what)
            losses = train(graph, weights, learned, "cross-entropy", rate=0.05, steps=settings.steps, batch=32,
                           seeds=seeds, progress=told)  # fmt: skip
            found[depth, residual] = [list(seed) for seed in zip(*losses)], accuracies(graph, weights, unseen)
    return found


def _told(progress: Progress, passes: int, what: str, steps: int) -> None:
    """Tell of steps, each so many passes through a convolution."""
    progress(steps * passes, what)


def _training_setup(settings: Settings, depth: str) -> dict[str, str]:
    return {
        "network": f"{NETWORK}; depth {depth}", "shortcut": SHORTCUT, "norm": NO_NORM, "weights": INITS["he"],
        "data": f"2000 signals: {WAVES}",
        "training": f"{settings.steps} steps of 32 signals, cross-entropy, rate 0.05, momentum 0.9, gradients clipped "
                    "to norm 1, the same for both",
    }  # fmt: skip


def convergence(settings: Settings, runs: Trained) -> Measurement:
    """The training loss as the steps go by, where the networks are deep."""
    count = settings.steps
    window = max(1, count // 15)
    marks = [max(window, count * part // 5) for part in range(1, 6)]
    arms = _arms(*[
        [[sum(losses[mark - window : mark]) / window for mark in marks] for losses in runs[settings.deep, residual][0]]
        for residual in (False, True)
    ])  # fmt: skip
    plain, residual = (arm.middle[-1] for arm in arms)
    held = [r < p for p, r in zip(arms[0].values[-1], arms[1].values[-1])]
    setup = _training_setup(settings, str(settings.deep)) | {
        "measured": f"the mean training loss of the last {window} steps; guessing has 1.39",
        "seeds": _seeds(settings), "holds if": "the loss at the end is lower",
    }  # fmt: skip
    return Measurement(
        "convergence", "faster convergence",
        "a deep network with shortcuts reaches a lower training loss in the same number of steps",
        setup, "steps", marks, "training loss", False, arms, held,
        f"After {count} steps the loss is {plain:.2f} plain and {residual:.2f} with shortcuts (medians).",
        _why_not(held),
    )  # fmt: skip


def accuracy(settings: Settings, runs: Trained) -> Measurement:
    """The share of right answers on signals that the training did not see, shallow and deep."""
    depths = [settings.shallow, settings.deep]
    arms = _arms(*[
        [list(seed) for seed in zip(*[runs[depth, residual][1] for depth in depths])] for residual in (False, True)
    ])  # fmt: skip
    plain, residual = (arm.middle for arm in arms)
    held = [r > p for p, r in zip(arms[0].values[-1], arms[1].values[-1])]
    setup = _training_setup(settings, " and ".join(map(str, depths))) | {
        "measured": "the share of 1000 other signals that is told right (seeds 1000 on); guessing has 0.25",
        "seeds": _seeds(settings), "holds if": f"the accuracy at depth {depths[1]} is higher",
    }  # fmt: skip
    return Measurement(
        "accuracy", "accuracy", "depth does not cost accuracy where there are shortcuts",
        setup, "depth", depths, "accuracy", False, arms, held,
        f"From depth {depths[0]} to {depths[1]} accuracy goes from {plain[0]:.2f} to {plain[1]:.2f} plain and from "
        f"{residual[0]:.2f} to {residual[1]:.2f} with shortcuts (medians).", _why_not(held),
    )  # fmt: skip


def work(settings: Settings) -> int:
    """All that `measure` does, in the unit of `Progress`: what a progress bar is measured against."""
    passes = 3 * 2 * sum(settings.depths) + 2 * 2 * settings.identity_steps
    return settings.seeds * (passes + 2 * settings.steps * (settings.shallow + settings.deep))


def run_experiments(settings: Settings, progress: Progress = lambda _, __: None) -> list[Measurement]:
    """All the measurements, in the order of the benefits; `progress` is told what is done."""
    found = [
        gradients_by_depth(settings, *case, progress) for case in (("pytorch", False), ("he", False), ("he", True))
    ]
    found.append(identity_map(settings, progress))
    runs = trained(settings, progress)
    return [*found, accuracy(settings, runs), convergence(settings, runs)]
