"""Four claims about residual connections, each as a small measurement that could come out otherwise.

NumPy is loaded by the functions that measure, through `verify.gradients_training`; importing this file loads none.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import inf, log10

from ..graph.ops import Activation, AdaptivePool, Add, Conv, Graph, Linear, Node
from .measured import Measurement, Settings, two_arms


def stack(depth: int, residual: bool, channels: int, length: int, classes: int, stem: int = 1) -> Graph:
    """A network of `depth` 1-D convolutions of kernel 3, ReLU after each, in pairs that a shortcut can skip.

    Before them a convolution from `stem` channels, behind them the mean over positions and a linear classifier
    (He et al. 2015, figure 2, without BatchNorm). Plain and residual have the same weights.
    """
    nodes = [Node("stem", _conv(stem, channels), (0,)), Node("stem.relu", Activation("relu"), (1,))]
    for pair in range(depth // 2):
        nodes += _pair(f"pair{pair}", len(nodes), channels, residual)
    nodes.append(Node("pool", AdaptivePool("avg", (1,)), (len(nodes),)))
    nodes.append(Node("classifier", Linear(channels, classes, True), (len(nodes),)))
    return Graph((1, stem, length), "fp32", tuple(nodes))


def _pair(name: str, start: int, channels: int, residual: bool) -> Iterator[Node]:
    conv = _conv(channels, channels)
    yield Node(f"{name}.conv1", conv, (start,))
    yield Node(f"{name}.relu1", Activation("relu"), (start + 1,))
    yield Node(f"{name}.conv2", conv, (start + 2,))
    if residual:
        yield Node(f"{name}.add", Add(), (start + 3, start))
    yield Node(f"{name}.relu2", Activation("relu"), (start + 3 + residual,))


def _conv(inner: int, outer: int) -> Conv:
    return Conv(inner, outer, (3,), (1,), ((1, 1),), (1,), bias=True)


def gradient_norms(settings: Settings, init: str, name: str) -> Measurement:
    """The norm of the first convolution's gradient at initialisation, by depth."""
    from ..training.descent import gradient_norm, gradients_at, initial_weights, motifs

    def norm(depth: int, residual: bool, seed: int) -> float:
        graph = stack(depth, residual, 8, 16, 4)
        _, found = gradients_at(graph, initial_weights(graph, init, seed), motifs(32, seed), "cross-entropy")
        return gradient_norm(found.weights[0])

    seeds = range(settings.seeds)
    sides = [
        [[norm(depth, residual, seed) for depth in settings.depths] for seed in seeds] for residual in (False, True)
    ]
    arms = two_arms(*sides)
    drift = [[_decades(arm.values[0][seed], arm.values[-1][seed]) for seed in seeds] for arm in arms]
    plain, residual = (_changed(arm.middle) for arm in arms)
    first, last = settings.depths[0], settings.depths[-1]
    return Measurement(
        name,
        "with a shortcut the gradient reaches the first layer however deep the network is",
        f"Untrained networks of 1-D convolutions (8 channels, 16 positions, kernel 3, ReLU, no BatchNorm), with "
        f"{_INITS[init]}; the gradient of the cross-entropy of 32 generated signals in 4 classes. Better: from depth "
        f"{first} to {last} the norm changes by the smaller factor, up or down.",
        "depth", list(settings.depths), "gradient norm, first conv", True, arms,
        sum([abs(b) < abs(a) for a, b in zip(*drift)]), settings.seeds,
        f"From depth {first} to {last} the norm {plain} plain and {residual} with shortcuts (medians).",
    )  # fmt: skip


_INITS = {
    "pytorch": "weights of variance 1/(3·inputs) as PyTorch draws them by default",
    "he": "weights of variance 2/inputs (He et al. 2015, arXiv 1502.01852)",
}


def _decades(start: float, end: float) -> float:
    return log10(end / start) if 0 < end < inf and 0 < start < inf else inf


def _changed(middle: list[float]) -> str:
    decades = _decades(middle[0], middle[-1])
    if decades == inf:
        return "leaves the numbers of float32"
    return f"{'grows' if decades >= 0 else 'falls'} by a factor of {10 ** abs(decades):.2g}"


def identity_map(settings: Settings) -> Measurement:
    """How well two convolutions learn to give back their input, with the shortcut and without."""
    from ..training.descent import Data, initial_weights, loss_of, normal, train

    marks = sorted({0, settings.identity_steps // 20, settings.identity_steps // 4, settings.identity_steps})

    def errors(residual: bool, seed: int) -> list[float]:
        nodes = list(_pair("pair", 0, 8, residual))[:-1]
        graph = Graph((1, 8, 16), "fp32", tuple(nodes))
        given = normal((256, 8, 16), seed)
        data, weights = Data(given, given), initial_weights(graph, "pytorch", seed)
        found = [loss_of(graph, weights, data, "squared-error")]
        for start, stop in pairwise(marks):
            train(graph, weights, data, "squared-error", rate=0.3, steps=stop - start, batch=32, seed=seed + start)
            found.append(loss_of(graph, weights, data, "squared-error"))
        return found

    arms = two_arms([errors(False, s) for s in range(settings.seeds)], [errors(True, s) for s in range(settings.seeds)])
    (plain, residual), steps = (arm.middle for arm in arms), settings.identity_steps
    return Measurement(
        "identity map",
        "a block with a shortcut learns the identity easily, as it starts near it",
        "conv, ReLU, conv (1-D, 8 channels, 16 positions, kernel 3), asked to give back normal numbers; PyTorch's "
        f"default weights, {steps} steps of 32 samples, rate 0.3, momentum 0.9; the error is relative: 1 is what an "
        "output of zeros has. Better: the smaller error at the end.",
        "steps", marks, "relative squared error", True, arms,
        sum([b < a for a, b in zip(arms[0].values[-1], arms[1].values[-1])]), settings.seeds,
        f"Before training the error is {plain[0]:.2f} plain and {residual[0]:.2f} with the shortcut; after {steps} "
        f"steps {plain[-1]:.2g} and {residual[-1]:.2g} (medians).",
    )  # fmt: skip


Trained = dict[tuple[int, bool], list[tuple[list[float], float]]]  # by depth and shortcut: losses and accuracy a seed


def trained(settings: Settings) -> Trained:
    """Shallow and deep networks, plain and residual, trained alike on generated signals."""
    from ..training.descent import accuracy, initial_weights, motifs, train

    def one(depth: int, residual: bool, seed: int) -> tuple[list[float], float]:
        graph = stack(depth, residual, 8, 16, 4)
        weights = initial_weights(graph, "he", seed)
        run = train(graph, weights, motifs(2000, seed), "cross-entropy", rate=0.05, steps=settings.steps, batch=32,
                    seed=seed)  # fmt: skip
        return run.losses, accuracy(graph, weights, motifs(1000, seed + 1000))

    pairs = [(depth, residual) for depth in (settings.shallow, settings.deep) for residual in (False, True)]
    return {
        (depth, residual): [one(depth, residual, seed) for seed in range(settings.seeds)] for depth, residual in pairs
    }


def _training_setup(settings: Settings) -> str:
    return (
        "1-D convolutions (8 channels, 16 positions, kernel 3, ReLU, no BatchNorm, He's weights) that tell 4 short "
        f"waves apart, at any place, of any sign, in noise; 2000 generated signals, {settings.steps} steps of 32, rate "
        "0.05, momentum 0.9, gradients clipped to norm 1, the same for both."
    )


def convergence(settings: Settings, runs: Trained) -> Measurement:
    """The training loss as the steps go by, where the networks are deep."""
    count = settings.steps
    window = max(1, count // 15)
    marks = [max(window, count * part // 5) for part in range(1, 6)]

    def losses(run: tuple[list[float], float]) -> list[float]:
        known = run[0] + [inf] * (count - len(run[0]))
        return [sum(known[mark - window : mark]) / window for mark in marks]

    arms = two_arms(*[[losses(run) for run in runs[settings.deep, residual]] for residual in (False, True)])
    plain, residual = (arm.middle[-1] for arm in arms)
    return Measurement(
        "convergence",
        "a deep network with shortcuts reaches a lower training loss in the same number of steps",
        f"{_training_setup(settings)} Depth {settings.deep}; the loss is the mean of the last {window} steps; guessing "
        "has 1.39. Better: the lower loss at the end.",
        "steps", marks, "training loss", False, arms,
        sum([b < a for a, b in zip(arms[0].values[-1], arms[1].values[-1])]), settings.seeds,
        f"After {count} steps the loss is {plain:.2f} plain and {residual:.2f} with shortcuts (medians).",
    )  # fmt: skip


def accuracies(settings: Settings, runs: Trained) -> Measurement:
    """The share of right answers on signals that the training did not see, shallow and deep."""
    depths = [settings.shallow, settings.deep]
    sides = [[[right for _, right in runs[depth, residual]] for depth in depths] for residual in (False, True)]
    arms = two_arms(*[[list(seed) for seed in zip(*side)] for side in sides])
    plain, residual = (arm.middle for arm in arms)
    return Measurement(
        "accuracy",
        "depth does not cost accuracy where there are shortcuts",
        f"The networks of the convergence experiment, and the same at depth {settings.shallow}, on 1000 signals that "
        f"they were not trained on; guessing has 0.25. Better: the higher accuracy at depth {settings.deep}.",
        "depth", depths, "accuracy", False, arms,
        sum([b > a for a, b in zip(arms[0].values[-1], arms[1].values[-1])]), settings.seeds,
        f"From depth {depths[0]} to {depths[1]} accuracy goes from {plain[0]:.2f} to {plain[1]:.2f} plain and from "
        f"{residual[0]:.2f} to {residual[1]:.2f} with shortcuts (medians).",
    )  # fmt: skip


def measure(settings: Settings, progress: Callable[[str], object] = lambda _: None) -> list[Measurement]:
    """All the measurements, in the order of the claims; `progress` is told what is being measured."""
    found = []
    for init, name in (("pytorch", "gradient norm, default weights"), ("he", "gradient norm, He's weights")):
        progress(f"gradients by depth, {init}'s weights")
        found.append(gradient_norms(settings, init, name))
    progress("learning the identity map")
    found.append(identity_map(settings))
    progress("training shallow and deep networks")
    runs = trained(settings)
    return [*found, convergence(settings, runs), accuracies(settings, runs)]
