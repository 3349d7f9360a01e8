"""Every figure that a tool printed is what its convention says, to the last digit; a wrong coefficient is not."""

from __future__ import annotations

import pytest
from conventions.golden_figures import BY_KEY, CASES, Case, groups_in, value_of

from convcost.conventions.answer import conventions
from convcost.conventions.registry import IN, OUT, Convention

#: Kinds that no module of the golden table is of; a coefficient of theirs rests on the tool's source alone.
READ_ONLY = {
    "rms-norm", "attention", "prelu", "selu", "celu", "mish", "erf", "softmax", "matmul", "other", "power", "divide",
    "lp-pool", "plain-norm", "upsample-bicubic", "upsample-nearest", "function.elu", "function.prelu",
    "function.gelu", "function.relu6", "function.leaky-relu", "function.avg-pool", "function.adaptive-max-pool",
    "function.multiply", "function.upsample-nearest", "function.upsample-bilinear", "function.upsample-bicubic",
    "subclass.layer-norm",
}  # fmt: skip


#: Kinds for which a tool was not run, or that its one golden figure has not.
UNREACHED: dict[str, tuple[str, ...]] = {
    "jax": ("dropout",),
    "flax": ("conv", "transposed", "linear", "relu", "add", "multiply", "sigmoid", "silu", "max-pool",
             "adaptive-avg-pool", "mean", "dropout"),  # JAX's own, which jax's figures are of
    "tf.profiler": ("relu6", "dropout", "mean", "multiply"),
    "torchscan-operator-flops": ("dropout",),
    "mmcv 1.0.0 to 1.4.7": ("plain-batch-norm",),
    "mmcv": ("layer-norm",),
    # twice ultralytics-thop's rules, which its own figures hold
    "ultralytics": ("transposed", "layer-norm", "group-norm", "instance-norm", "plain-batch-norm",
                    "plain-instance-norm", "upsample-bilinear"),
    **dict.fromkeys(("torchscan-flops", "ultralytics-thop", "ptflops-pytorch", "ptflops-hooks"), ("layer-norm",)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{case.name[:60]} {len(case.figures)}" for case in CASES])
def test_every_figure_that_a_tool_printed_is_exact(case: Case) -> None:
    """All of a network, or of a layer, at once: what differs is shown beside what was printed."""
    said = {key: value_of(BY_KEY[key], case.name) for key in case.figures}
    assert said == case.figures


def test_every_convention_has_figures_that_its_tool_printed() -> None:
    """So that none rests on its source alone."""
    printed = {id(BY_KEY[key]) for case in CASES for key in case.figures}
    without = {one.name for one in conventions() if id(one) not in printed}
    assert without <= {"infer_gmacs", "infer_macts"}  # these are held against timm's table, at its digits


def _figures_of(convention: Convention) -> list[tuple[Case, int | None]]:
    """The cases of a convention, and what its tool printed of each."""
    return [(case, value) for case in CASES for key, value in case.figures.items() if BY_KEY[key] is convention]


def _reached(convention: Convention, key: str) -> bool:
    """Is there an operation in the convention's cases to which the rule of that key applies?"""
    form, _, kind = key.rpartition(".")
    for case, figure in _figures_of(convention):
        if figure is None and convention.rules[key] is not None:  # no total: no term of it can be seen
            continue
        for group in groups_in(case.name):
            applies = group.form == form if form else f"{group.form}.{group.kind}" not in convention.rules
            if group.kind == kind and applies and group.form not in convention.blind:
                return True
    return False


RULES = [(one, key) for one in conventions() for key in one.rules if one.name not in ("infer_gmacs", "infer_macts")]


@pytest.mark.parametrize(("convention", "key"), RULES, ids=[f"{one.name} {one.versions} {key}" for one, key in RULES])
def test_a_wrong_coefficient_is_caught(convention: Convention, key: str) -> None:
    """One more input or output element an operation, in one rule: some printed figure is then another."""
    rule = convention.rules[key]
    kind = key.rpartition(".")[2]
    if not _reached(convention, key):
        known = (*UNREACHED.get(convention.name, ()), *UNREACHED.get(f"{convention.name} {convention.versions}", ()))
        assert kind in READ_ONLY or key in READ_ONLY or kind in known
        return
    wrong = convention._replace(rules={**convention.rules, key: (OUT if rule is None else rule + IN)})
    differs = [value_of(wrong, case.name) != figure for case, figure in _figures_of(convention)]
    assert any(differs)
