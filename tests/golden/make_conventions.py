"""Writes conventions.json: the figures that the counters themselves print, for networks and for single layers.

    python -m venv V && V/bin/pip install torch==2.14.1 torchvision==0.29.1 fvcore==0.1.5.post20221221 \\
        mmengine==0.10.7 thop==0.1.1.post2209072238 ptflops==0.7.5 torchinfo==1.8.0 torch-summary==1.4.5 \\
        calflops==0.3.2 transformers deepspeed==0.19.8 torchprofile==0.1.0 flopth==0.1.6 torchscan==0.2.0 \\
        onnx onnx-tool==1.0.1
    for one in ultralytics-thop==2.2.3 ultralytics-thop==2.0.15 ptflops==0.7.4 ptflops==0.6.9 \
        mmcv-lite==2.0.1 mmcv==1.4.6; do
        MMCV_WITH_OPS=0 V/bin/pip install --no-deps --target U/${one/==/-} $one; done      # what shares a module's name
    V/bin/pip install --target U/jax jax==0.10.2; V/bin/pip install --target U/flax flax
    V/bin/python tests/golden/make_conventions.py U [NAME …]

Each tool in a process of its own, as several leave hooks behind. Weights are at random, nothing is downloaded. Where
a tool raises, or gives no total, there is null. torch-summary descends to every depth.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from make_networks import NETWORKS, make
from torch import nn

Shape = tuple[int, ...]

#: Networks of torchvision, of timm and of own_networks.py; MobileNet with the paper's ReLU in place of ReLU6. Large
#: ones are counted on small inputs.
MODELS = {
    **NETWORKS,
    "mobilenet-v1": ("timm:mobilenetv1_100", 224, {"act_layer": "relu"}),
    "xception": ("timm:legacy_xception", 139, {}),
    **{
        name: (NETWORKS[name][0], size, NETWORKS[name][2])
        for name, size in (
            ("efficientnet-v2-s", 128), ("yolov5s", 128), ("u-net", (1, 188, 188)), ("wavenet-stack", (256, 2048)),
            ("r2plus1d-18", (3, 4, 32, 32)),
        )
    },
}  # fmt: skip

IMAGE, BATCH, SMALL = (1, 16, 28, 20), (3, 16, 28, 20), (1, 16, 14, 10)

#: Modules by the text that prints them, with their inputs.
LAYERS: list[tuple[str, Shape]] = [
    ("Conv2d(16, 32, kernel_size=(1, 1), stride=(1, 1), bias=False)", IMAGE),
    ("Conv2d(16, 32, kernel_size=(1, 1), stride=(1, 1))", BATCH),
    ("Conv2d(16, 32, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))", IMAGE),
    ("Conv2d(16, 32, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)", (1, 16, 29, 21)),
    ("Conv2d(16, 32, kernel_size=(3, 3), stride=(1, 1), padding=(2, 2), dilation=(2, 2), groups=4)", IMAGE),
    ("Conv2d(16, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=16, bias=False)", IMAGE),
    ("Conv2d(16, 32, kernel_size=(7, 1), stride=(2, 1), padding=(3, 0))", IMAGE),
    ("Conv2d(16, 32, kernel_size=(3, 3), stride=(1, 1), padding=same, dilation=(3, 3))", IMAGE),
    ("Conv2d(16, 32, kernel_size=(3, 3), stride=(1, 1), padding=valid)", IMAGE),
    ("Conv2d(16, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), padding_mode=reflect)", IMAGE),
    ("Conv1d(16, 32, kernel_size=(5,), stride=(1,), padding=(2,), groups=4, bias=False)", (1, 16, 40)),
    ("Conv3d(4, 8, kernel_size=(1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1), groups=2)", (1, 4, 8, 10, 12)),
    ("ConvTranspose1d(16, 8, kernel_size=(4,), stride=(2,), padding=(1,))", (1, 16, 20)),
    ("ConvTranspose2d(16, 32, kernel_size=(2, 2), stride=(2, 2))", SMALL),
    ("ConvTranspose2d(16, 32, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))", SMALL),
    ("ConvTranspose2d(16, 16, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1))", (2, 16, 14, 10)),
    ("ConvTranspose2d(16, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)", SMALL),
    ("ConvTranspose2d(16, 32, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=4)", SMALL),
    ("ConvTranspose2d(16, 16, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=16)", SMALL),
    ("ConvTranspose2d(16, 32, kernel_size=(3, 3), stride=(2, 2), dilation=(2, 2))", SMALL),
    ("ConvTranspose3d(4, 8, kernel_size=(2, 2, 2), stride=(2, 2, 2), bias=False)", (1, 4, 4, 6, 8)),
    ("Linear(in_features=64, out_features=10, bias=True)", (1, 64)),
    ("Linear(in_features=64, out_features=10, bias=False)", (5, 64)),
    ("BatchNorm2d(16, affine=True)", BATCH),
    ("BatchNorm2d(16, affine=False)", IMAGE),
    ("GroupNorm(4, 16, affine=True)", IMAGE),
    ("InstanceNorm2d(16, affine=False)", IMAGE),
    ("InstanceNorm2d(16, affine=True)", IMAGE),
    *[(f"{name}()", IMAGE) for name in ("ReLU", "ReLU6", "Hardswish", "Hardsigmoid", "Sigmoid", "SiLU", "GELU")],
    *[(f"{name}()", IMAGE) for name in ("LeakyReLU", "ELU", "Tanh", "Flatten")],
    ("Softmax(dim=1)", (1, 100)),
    ("MaxPool2d(kernel_size=3, stride=2, padding=1)", IMAGE),
    ("AvgPool2d(kernel_size=2, stride=2, padding=0)", BATCH),
    ("AvgPool2d(kernel_size=3, stride=2, padding=1)", IMAGE),
    ("AdaptiveAvgPool2d(output_size=1)", IMAGE),
    ("AdaptiveAvgPool2d(output_size=7)", IMAGE),
    ("AdaptiveMaxPool2d(output_size=1)", IMAGE),
    ("Upsample(scale_factor=2.0, mode='bilinear')", SMALL),
    ("Upsample(scale_factor=2.0, mode='nearest')", SMALL),
]

#: Ours in the notation of network files, and PyTorch's, for what a graph alone does not say.
Y = torch.nn.functional
FORMS: dict[str, tuple[str, Callable[[], nn.Module], Callable[[nn.Module, torch.Tensor], torch.Tensor]]] = {
    "input 8 @10x12\nfacts\nc: standard 8 k3\nadd from c in": (
        "operator +", lambda: nn.Conv2d(8, 8, 3, padding=1, bias=False), lambda c, x: c(x) + x),
    "input 8 @10x12\nfacts add=function\nc: standard 8 k3\nadd from c in": (
        "torch.add", lambda: nn.Conv2d(8, 8, 3, padding=1, bias=False), lambda c, x: torch.add(c(x), x)),
    "input 8 @10x12\nfacts\nc: standard 8 k3\nmultiply from c in": (
        "operator *", lambda: nn.Conv2d(8, 8, 3, padding=1, bias=False), lambda c, x: c(x) * x),
    "input 8 @10x12\nfacts conv=shared relu=shared\nstandard 8 k3 relu\nstandard 8 k3 relu": (
        "modules used twice",
        lambda: nn.ModuleDict({"c": nn.Conv2d(8, 8, 3, padding=1, bias=False), "r": nn.ReLU()}),
        lambda m, x: m["r"](m["c"](m["r"](m["c"](x))))),
    "input 8 @10x12\nfacts relu=function global-average-pool=function\npointwise 8 bias relu\nglobal-average-pool": (
        "functions", lambda: nn.Conv2d(8, 8, 1), lambda c, x: Y.adaptive_avg_pool2d(Y.relu(c(x)), 1)),
    "input 8 @10x12\nfacts global-average-pool=mean\npointwise 8 bias relu\nglobal-average-pool": (
        "a mean", lambda: nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU()), lambda c, x: c[1](c[0](x)).mean((2, 3))),
    "input 8 @10x12\nfacts max-pool=function\npointwise 8 bias\nmax-pool k2": (
        "a pool's function", lambda: nn.Conv2d(8, 8, 1), lambda c, x: Y.max_pool2d(c(x), 2)),
}  # fmt: skip


class Form(nn.Module):
    """A module whose forward pass is a function of what it holds."""

    def __init__(self, parts: nn.Module, run: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.parts, self.run = parts, run

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run."""
        return self.run(self.parts, x)


def fvcore(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from fvcore.nn import FlopCountAnalysis

    return {"fvcore": int(FlopCountAnalysis(model, x).total())}


def mmengine(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from mmengine.analysis import FlopAnalyzer

    return {"mmengine": int(FlopAnalyzer(model, x).total())}


def flop_counter_mode(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x)
    return {"FlopCounterMode": counter.get_total_flops()}


def thop(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    import thop

    return {"thop": int(thop.profile(model, (x,), verbose=False)[0])}


def instead(folder: str) -> None:
    """Let a module of another folder be found first."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("thop", "ptflops")]:
        del sys.modules[name]
    sys.path.insert(0, str(Path(sys.argv[1]) / folder))


def ultralytics_thop(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    instead("ultralytics-thop-2.2.3")
    return {"ultralytics-thop": thop(model, x)["thop"]}


def ultralytics_thop_before(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    instead("ultralytics-thop-2.0.15")
    return {"ultralytics-thop 2.0.0 to 2.0.15": thop(model, x)["thop"]}


def ptflops_before(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    instead("ptflops-0.7.4")
    return {"ptflops-pytorch 0.7.0 to 0.7.4": ptflops(model, x)["ptflops-pytorch"]}


def ptflops_hooks(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    instead("ptflops-0.6.9")
    from ptflops import get_model_complexity_info

    assert x.shape[0] == 1  # it makes its own input
    macs, _ = get_model_complexity_info(model, tuple(x.shape[1:]), as_strings=False, print_per_layer_stat=False)
    return {"ptflops-hooks": int(macs)}


def mmcv(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    instead("mmcv-lite-2.0.1")
    from mmcv.cnn import get_model_complexity_info

    assert x.shape[0] == 1  # it makes its own input
    macs, _ = get_model_complexity_info(model, tuple(x.shape[1:]), print_per_layer_stat=False, as_strings=False)
    return {"mmcv": int(macs)}


def mmcv_before(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    instead("mmcv-1.4.6")
    from mmcv.cnn import get_model_complexity_info

    assert x.shape[0] == 1  # it makes its own input
    macs, _ = get_model_complexity_info(model, tuple(x.shape[1:]), print_per_layer_stat=False, as_strings=False)
    return {"mmcv 1.0.0 to 1.4.7": int(macs)}


def jax(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    """What XLA counts for the same operations written in JAX."""
    instead("jax")
    import jax
    from jax import numpy as jnp

    if isinstance(model, Form):
        parts = (
            [in_jax(part) for part in model.parts] if isinstance(model.parts, nn.Sequential) else in_jax(model.parts)
        )
        run = lambda a: model.run(parts, a)  # noqa: E731  one of several ways to run it
    else:
        run = in_jax(model)
    given = [jax.ShapeDtypeStruct(tuple(x.shape), jnp.float32)]
    if isinstance(model, nn.BatchNorm2d):  # numbers in the program itself are folded, arguments are not
        given.append(jax.ShapeDtypeStruct((4, model.num_features, 1, 1), jnp.float32))
    return {"jax": int(jax.jit(run).lower(*given).cost_analysis()["flops"])}


def flax(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    """The same of flax's BatchNorm, which multiplies scale and deviation first."""
    instead("jax")
    instead("flax")
    import jax
    from flax import linen
    from jax import numpy as jnp

    assert isinstance(model, nn.BatchNorm2d)
    norm = linen.BatchNorm(use_running_average=True, axis=1, use_scale=model.affine, use_bias=model.affine)
    state = norm.init(jax.random.key(0), jnp.ones(tuple(x.shape)))
    given = jax.ShapeDtypeStruct(tuple(x.shape), jnp.float32)
    return {"flax": int(jax.jit(norm.apply).lower(state, given).cost_analysis()["flops"])}


def in_jax(model: nn.Module) -> Callable[[Any], Any]:
    """A module's operation as JAX has it; KeyError for what JAX has not one operation for."""
    import jax
    from jax import lax
    from jax import numpy as jnp

    def conv(a: Any) -> Any:
        weight = jnp.asarray(model.weight.detach().numpy())
        axes = len(model.kernel_size)
        ones, pads = (1,) * axes, [(p, p) for p in model.padding]
        stride, spread = model.stride, ones
        if isinstance(model, nn.modules.conv._ConvTransposeNd):
            ends = zip(model.kernel_size, model.dilation, model.padding, model.output_padding)
            pads = [(d * (k - 1) - p, d * (k - 1) - p + extra) for k, d, p, extra in ends]
            groups = weight.reshape(model.groups, -1, *weight.shape[1:])
            weight = jnp.swapaxes(groups, 1, 2).reshape(-1, groups.shape[1], *weight.shape[2:])
            stride, spread = ones, model.stride
        made = lax.conv_general_dilated(
            a, weight, stride, pads, lhs_dilation=spread, rhs_dilation=model.dilation, feature_group_count=model.groups
        )
        return made if model.bias is None else made + jnp.ones((model.out_channels, *ones))

    def norm(a: Any, learned: Any) -> Any:
        mean, variance, scale, shift = learned
        return (a - mean) / jnp.sqrt(variance + model.eps) * scale + shift

    runs = {
        nn.Linear: lambda a: a @ jnp.ones((model.in_features, model.out_features)) + jnp.ones(model.out_features),
        nn.AdaptiveAvgPool2d: lambda a: a.mean((2, 3)),
        nn.BatchNorm2d: norm,
        nn.ReLU: lambda a: jnp.maximum(a, 0),
        nn.Sigmoid: jax.nn.sigmoid,
        nn.SiLU: jax.nn.silu,
        nn.MaxPool2d: lambda a: lax.reduce_window(
            a, -jnp.inf, lax.max, (1, 1, model.kernel_size, model.kernel_size), (1, 1, model.stride, model.stride),
            ((0, 0), (0, 0), (model.padding, model.padding), (model.padding, model.padding))),
    }  # fmt: skip
    run = conv if isinstance(model, nn.modules.conv._ConvNd) else runs[type(model)]
    assert getattr(model, "padding_mode", "zeros") == "zeros"
    assert getattr(model, "output_size", 1) == 1
    assert getattr(model, "affine", True)
    assert getattr(model, "bias", True) is not None or run is conv  # the others are written with one
    return run


def ptflops(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from ptflops import get_model_complexity_info

    found = {}
    for backend in ("pytorch", "aten"):
        macs, _ = get_model_complexity_info(
            model, tuple(x.shape[1:]), as_strings=False, print_per_layer_stat=False, backend=backend,
            input_constructor=lambda _: x,
        )  # fmt: skip
        found[f"ptflops-{backend}"] = int(macs)
    return found


def torchinfo(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from torchinfo import summary

    return {"torchinfo": int(summary(model, input_data=x, verbose=0).total_mult_adds)}


def torch_summary(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from torchsummary import summary

    return {"torch-summary": int(summary(model, x, verbose=0, depth=99).total_mult_adds)}


def calflops(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from calflops.calculate_pipline import CalFlopsPipline

    pipeline = CalFlopsPipline(model=model, include_backPropagation=False, compute_bp_factor=2.0)
    pipeline.start_flops_calculate(ignore_list=None)
    model(x)
    return {"calflops-flops": int(pipeline.get_total_flops()), "calflops-macs": int(pipeline.get_total_macs())}


def deepspeed(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from deepspeed.profiling.flops_profiler import FlopsProfiler

    profiler = FlopsProfiler(model)
    profiler.start_profile()
    model(x)
    return {"deepspeed-flops": int(profiler.get_total_flops()), "deepspeed-macs": int(profiler.get_total_macs())}


def torchprofile(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from torchprofile import profile_macs

    return {"torchprofile": int(profile_macs(model, x))}


def flopth(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from flopth import flopth

    if not list(model.parameters()):  # it asks the first parameter where it is
        model.register_parameter("_", nn.Parameter(torch.zeros(())))
    return {"flopth": int(flopth(model, inputs=(x,), bare_number=True)[0])}


def torchscan(model: nn.Module, x: torch.Tensor) -> dict[str, int | None]:
    from torchscan import crawl_module

    totals = crawl_module(model, tuple(x.shape[1:]))["totals"]
    return {
        "torchscan-flops": totals["module_flops"]["value"],
        "torchscan-macs": totals["macs"]["value"],
        "torchscan-operator-flops": totals["operator_flops"]["value"],
    }


def onnx_tool(model: nn.Module, x: torch.Tensor, name: str = "onnx-tool", **kept: Any) -> dict[str, int]:
    import onnx_tool

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.onnx")
        torch.onnx.export(model, (x,), path, dynamo=False, opset_version=17, **kept)
        graph = onnx_tool.Model(path, {"verbose": False}).graph
        graph.shape_infer()
        graph.profile()
    return {name: int(graph.macs[0])}


def onnx_tool_kept(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    return onnx_tool(model, x, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)


def onnx_tool_folded(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    return onnx_tool(model, x, "onnx-tool (folded)")


Tool = Callable[[nn.Module, torch.Tensor], dict[str, Any]]
TOOLS: tuple[Tool, ...] = (
    fvcore, mmengine, flop_counter_mode, thop, ultralytics_thop, ptflops, torchinfo, torch_summary, calflops, deepspeed,
    torchprofile, torchscan, onnx_tool_kept, onnx_tool_folded, flopth, ultralytics_thop_before, ptflops_before,
    ptflops_hooks, mmcv, mmcv_before, jax, flax,
)  # fmt: skip


def figures(make: Callable[[], nn.Module], shape: Shape) -> dict[str, int | None]:
    """What each tool prints."""
    found: dict[str, int | None] = {}
    for tool in TOOLS:
        torch.manual_seed(0)
        found.update(alone(tool, make().eval(), torch.randn(shape)))
    return found


def alone(tool: Tool, model: nn.Module, x: torch.Tensor) -> dict[str, Any]:
    """One tool in a process of its own, its chatter put away."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        try:
            found: dict[str, Any] = tool(model, x)
        except Exception as error:
            found = {tool.__name__: f"{type(error).__name__}: {error}"[:300]}
        with os.fdopen(writing, "w") as file:
            json.dump(found, file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    return dict(json.loads(text)) if text else {tool.__name__: "it died"}


def module_of(text: str) -> nn.Module:
    """The module that a line prints."""
    quoted = text
    for word in ("same", "valid", "reflect"):
        quoted = quoted.replace(f"={word}", f"='{word}'")
    return eval(quoted, {**vars(nn)})  # the lines above, and no others


def network_of(name: str) -> tuple[Callable[[], nn.Module], Shape]:
    constructor, size, options = MODELS[name]
    return lambda: make(constructor, options), (1, *((3, size, size) if isinstance(size, int) else size))


def main() -> None:
    """Write the file beside this one; names given on the command line are the networks to be counted anew."""
    path = Path(__file__).with_name("conventions.json")
    known = json.loads(path.read_text()) if path.exists() else {"networks": {}}
    chosen = sys.argv[2:] or list(MODELS)
    for name in chosen:
        made, shape = network_of(name)
        known["networks"][name] = {"input": list(shape), "figures": figures(made, shape)}
        print(name, flush=True)
    known["layers"] = [
        {"module": text, "input": list(shape), "figures": figures(lambda t=text: module_of(t), shape)}
        for text, shape in LAYERS
    ]
    known["forms"] = [
        {"network": text, "what": what, "input": [1, 8, 10, 12],
         "figures": figures(lambda p=parts, r=run: Form(p(), r), (1, 8, 10, 12))}
        for text, (what, parts, run) in FORMS.items()
    ]  # fmt: skip
    write(path, known)


def write(path: Path, known: dict[str, Any]) -> None:
    """A line a network, a layer or a form; tools that failed are told and left out."""
    entries = [*known["networks"].values(), *known["layers"], *known["forms"]]
    for entry in entries:
        for tool, figure in list(entry["figures"].items()):
            if isinstance(figure, str):
                print(entry.get("module") or entry.get("what"), tool, figure)
                del entry["figures"][tool]
    networks = ",\n".join([f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in known["networks"].items()])
    layers = ",\n".join([f"  {json.dumps(one)}" for one in known["layers"]])
    forms = ",\n".join([f"  {json.dumps(one)}" for one in known["forms"]])
    path.write_text(f'{{"networks": {{\n{networks}\n}},\n"layers": [\n{layers}\n],\n"forms": [\n{forms}\n]}}\n')


if __name__ == "__main__":
    main()
