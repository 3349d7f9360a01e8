"""Writes networks.json: what torchvision's models have and do, counted by PyTorch itself.

    python -m venv V && V/bin/pip install torch==2.14.1 torchvision==0.29.1
    V/bin/python tests/golden/make_networks.py

Each network once, weights at random, nothing downloaded. `params` are the learned numbers without auxiliary
classifiers, `macs` half of what FlopCounterMode counts on one image, `layers` every convolution and matrix product
in the order in which it runs: [kind, weight shape, output shape, its MACs]. `saved_bytes_of_two` is what autograd
keeps for the backward pass of two images in training mode, each storage once and parameters apart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

#: Our name, torchvision's constructor, the input size that its weights were trained for, options.
NETWORKS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "alexnet": ("alexnet", 224, {}),
    **{f"vgg{n}": (f"vgg{n}", 224, {}) for n in (11, 13, 16, 19)},
    "googlenet": ("googlenet", 224, {"aux_logits": False, "init_weights": False}),
    "inception-v3": ("inception_v3", 299, {"aux_logits": False, "init_weights": False}),
    "squeezenet1.0": ("squeezenet1_0", 224, {}),
    "squeezenet1.1": ("squeezenet1_1", 224, {}),
    **{f"resnet{n}": (f"resnet{n}", 224, {}) for n in (18, 34, 50, 101, 152)},
    "resnext50-32x4d": ("resnext50_32x4d", 224, {}),
    "wide-resnet50-2": ("wide_resnet50_2", 224, {}),
    "densenet121": ("densenet121", 224, {}),
    "mobilenet-v2": ("mobilenet_v2", 224, {}),
    "mobilenet-v2 --width 0.5": ("mobilenet_v2", 224, {"width_mult": 0.5}),
    "mobilenet-v2 --width 1.4": ("mobilenet_v2", 224, {"width_mult": 1.4}),
    "mobilenet-v3-large": ("mobilenet_v3_large", 224, {}),
    "mobilenet-v3-small": ("mobilenet_v3_small", 224, {}),
    "shufflenet-v2": ("shufflenet_v2_x1_0", 224, {}),
    "mnasnet": ("mnasnet1_0", 224, {}),
    "mnasnet --width 0.5": ("mnasnet0_5", 224, {}),
    "efficientnet-b0": ("efficientnet_b0", 224, {}),
    "regnetx-400mf": ("regnet_x_400mf", 224, {}),
    "convnext-tiny": ("convnext_tiny", 224, {}),
}


def layers_of(model: nn.Module, image: torch.Tensor) -> list[list[Any]]:
    """Every convolution and matrix product as it runs."""
    found: list[list[Any]] = []

    def note(module: Any, _: Any, out: torch.Tensor) -> None:
        kind = "conv" if isinstance(module, nn.Conv2d) else "linear"
        shape = list(out.shape)
        if kind == "linear" and len(shape) == 4:  # channels last
            shape = [shape[0], shape[3], shape[1], shape[2]]
        weight = list(module.weight.shape)
        positions = out.numel() // out.shape[1 if kind == "conv" else -1]
        found.append([kind, weight, shape, positions * module.weight.numel()])

    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(note)
    with torch.no_grad():
        model(image)
    return found


def macs_of(model: nn.Module, image: torch.Tensor) -> int:
    """By PyTorch's own counter, which looks at what is executed."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(image)
    return counter.get_total_flops() // 2


def saved_bytes(model: nn.Module, image: torch.Tensor) -> int:
    """Bytes of the storages that autograd keeps until the backward pass."""
    kept: dict[int, int] = {}
    held = []
    mine = {p.untyped_storage().data_ptr() for p in [*model.parameters(), *model.buffers()]}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in mine:
            kept[storage.data_ptr()] = storage.nbytes()
            held.append(storage)
        return tensor

    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = model.train()(image)
    del output
    return sum(kept.values())


def facts(constructor: str, size: int, options: dict[str, Any]) -> dict[str, Any]:
    """All facts about one network."""
    torch.manual_seed(0)
    model = getattr(models, constructor)(weights=None, **options).eval()
    image = torch.randn(1, 3, size, size)
    macs = macs_of(model, image)  # first: what follows leaves hooks in the model
    layers = layers_of(model, image)
    assert macs == sum(layer[3] for layer in layers), constructor
    return {
        "constructor": constructor,
        "input": list(image.shape),
        "params": sum(p.numel() for p in model.parameters()),
        "macs": macs,
        "layers": layers,
    }


def main() -> None:
    """Write the file beside this one."""
    networks = {name: facts(*network) for name, network in NETWORKS.items()}
    torch.manual_seed(0)
    for name in ("resnet18", "resnet50", "vgg11"):
        constructor, size, options = NETWORKS[name]
        model = getattr(models, constructor)(weights=None, **options)
        networks[name]["saved_bytes_of_two"] = saved_bytes(model, torch.randn(2, 3, size, size))
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    lines = [f"  {json.dumps(name)}: {json.dumps(network)}" for name, network in networks.items()]
    text = f'{{\n  "versions": {json.dumps(versions)},\n' + ",\n".join(lines) + "\n}\n"
    Path(__file__).with_name("networks.json").write_text(text)


if __name__ == "__main__":
    main()
