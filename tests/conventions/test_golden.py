"""Every figure that a tool printed is what its convention says, to the last digit; a wrong coefficient is not."""

from __future__ import annotations

import pytest
from conventions.golden_figures import BY_KEY, CASES, Case, groups_in, value_of
from tables import each

from convcost.conventions.answer import conventions
from convcost.conventions.registry import IN, OUT, Convention

#: What is added for kinds that no printed figure of the tool has: read in its source, and written here a second time.
_BASE = {"macs": "matmul other"}
_TWICE = {"2·macs": "matmul other"}
_FUNCTIONS = "function.multiply function.upsample-nearest function.upsample-bilinear function.upsample-bicubic"
_RELUS = "function.elu function.prelu function.gelu function.relu6 function.adaptive-max-pool"
_PTFLOPS = {**_BASE, "one in": "plain-norm", "one out + in": "prelu", "in": _RELUS, "0": "function.leaky-relu",
            "out": _FUNCTIONS, "no total": "attention", "one out + out": "upsample-bicubic"}  # fmt: skip
_NOTHING = {"0": "plain-norm prelu function.relu6 function.multiply upsample-bicubic"}
_ONNX = {**_BASE, "no total": "attention", "4·out": "divide upsample-bicubic", "32·out": "power"}
READ: dict[str, dict[str, str]] = {
    "multiply-adds papers": {"macs": "matmul attention other"},
    "fvcore 0.1.5": {**_BASE, "4·in": "plain-norm"},
    "mmengine 0.10": {**_BASE, "4·in": "plain-norm"},
    "FlopCounterMode torch 2.1 to 2.14": {"2·macs": "matmul attention other"},
    "ptflops-aten 0.7": _BASE,
    "torchprofile 0.1.0": {"macs": "matmul attention other", "0": "plain-norm"},
    "torchscan-operator-flops 0.2": {"2·one macs": "matmul", "0": "dropout"},
    "jax 0.10": {"2·effective_macs + bias": "matmul", "0": "dropout"},
    # JAX's own, which jax's figures are of
    "flax 0.12": {"2·effective_macs + bias": "conv transposed linear matmul", "out": "relu add multiply",
                  "3·out": "sigmoid", "4·out": "silu", "windows + -1·out": "max-pool", "in": "adaptive-avg-pool mean",
                  "0": "dropout"},
    "onnx-tool 1.0": _ONNX,
    "onnx-tool (folded) 1.0": _ONNX,
    "tf.profiler TensorFlow 2": {"2·macs + bias": "matmul", "0": "relu6 dropout", "in": "mean", "out": "multiply"},
    "thop 0.0.31 to 0.1.1": {"2·in": "plain-norm", "in": "prelu", "259·out": "upsample-bicubic"},
    "ultralytics-thop 2.0.0 to 2.0.15": {"4·in": "layer-norm", "2·in": "plain-norm", "in": "prelu",
                                         "259·out": "upsample-bicubic"},
    "ultralytics-thop 2.0.16 and later": {"no total": "attention", "4·in": "rms-norm", "2·in": "plain-norm",
                                          "in": "prelu", "259·out": "upsample-bicubic"},
    # twice ultralytics-thop's rules, which its own figures hold
    "ultralytics 8.4.190 and later": {
        "no total": "attention", "2·macs": "transposed", "8·in": "layer-norm group-norm instance-norm rms-norm",
        "4·in": "plain-norm plain-batch-norm plain-instance-norm", "2·in": "prelu", "6·in + -2·rows": "softmax",
        "22·out": "upsample-bilinear", "518·out": "upsample-bicubic"},
    "torchinfo 1.8": {"params_a_sample": "rms-norm prelu"},
    "torch-summary 1.4": {"weights + nested_weights": "rms-norm prelu"},
    "flopth 0.1": {"in": "plain-norm prelu celu selu", "plane": "upsample-bicubic"},
    "torchscan-flops 0.2": {"8·one in + 2·one rows": "layer-norm"},
    "mmcv 1.0.0 to 1.4.7": {"2·one in": "layer-norm", "one in": "plain-norm", "one out": "prelu upsample-bicubic"},
    "mmcv 1.4.8 and later": {"one in": "plain-norm", "one out": "prelu upsample-bicubic"},
    "ptflops-hooks 0.6.9 and before": {"one in": "plain-norm", "one out": "prelu upsample-bicubic"},
    "calflops-flops 0.3": {**_TWICE, "4·in": "plain-norm", "in": "prelu function.relu6 upsample-bicubic",
                           "out": "function.multiply"},
    "calflops-macs 0.3": {**_BASE, **_NOTHING},
    "deepspeed-flops 0.15 to 0.19": {"2·macs": "matmul other attention", "4·in": "plain-norm",
                                     "in": "prelu function.relu6", "out": "function.multiply upsample-bicubic"},
    "deepspeed-macs 0.15 to 0.19": {"macs": "matmul other attention", **_NOTHING},
    "ptflops-pytorch 0.7.0 to 0.7.4": {**_PTFLOPS, "one in": "plain-norm layer-norm",
                                       "in": f"{_RELUS} function.avg-pool"},
    "ptflops-pytorch 0.7.5 and later": _PTFLOPS,
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


@each(("convention", "key"), RULES, ids=[f"{one.name} {one.versions} {key}" for one, key in RULES])
def test_a_wrong_coefficient_is_caught(convention: Convention, key: str) -> None:
    """One more input or output element an operation, in one rule: some printed figure is then another."""
    rule = convention.rules[key]
    read = READ.get(f"{convention.name} {convention.versions}", {})
    if not _reached(convention, key):
        said = "no total" if rule is None else repr(rule)
        assert key in read.get(said, "").split()
        return
    assert key not in " ".join(read.values()).split()
    wrong = convention._replace(rules={**convention.rules, key: (OUT if rule is None else rule + IN)})
    differs = [value_of(wrong, case.name) != figure for case, figure in _figures_of(convention)]
    assert any(differs)
