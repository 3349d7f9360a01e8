"""Writes networks.json: what the models of torchvision, of timm and of own_networks.py have and do, counted by PyTorch.

    python -m venv V && V/bin/pip install torch==2.14.1 torchvision==0.29.1 timm==1.0.31
    V/bin/python tests/golden/make_networks.py

Each network once, weights at random, nothing downloaded. `params` are the learned numbers without auxiliary
classifiers, `macs` half of what FlopCounterMode counts on one image, `layers` every convolution and matrix product
in the order in which it runs: [kind, weight shape, output shape, its MACs]; it is missing where there are products
that no module of its own makes (attention). `saved_bytes_of_two` is what autograd keeps for the backward pass of two
images in training mode, each storage once and parameters apart.
"""

from __future__ import annotations

import json
from operator import attrgetter
from pathlib import Path
from typing import Any

import own_networks
import timm
import torch
import torchvision
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

#: Our name, the constructor, its input or the size of an image, options.
NETWORKS: dict[str, tuple[str, int | tuple[int, ...], dict[str, Any]]] = {
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
    **{
        f"mobilenet-v3-{size} --width {width}": (f"mobilenet_v3_{size}", 224, {"width_mult": width})
        for size in ("large", "small")
        for width in (0.35, 0.5, 0.75, 1.25, 1.5)
    },
    "shufflenet-v2": ("shufflenet_v2_x1_0", 224, {}),
    "mnasnet": ("mnasnet1_0", 224, {}),
    "mnasnet --width 0.5": ("mnasnet0_5", 224, {}),
    "efficientnet-b0": ("efficientnet_b0", 224, {}),
    # The sizes of the paper (Tan & Le 2019); torchvision evaluates B2 at 288.
    **{
        f"efficientnet-b{n}": (f"efficientnet_b{n}", size, {})
        for n, size in enumerate((240, 260, 300, 380, 456, 528, 600), 1)
    },
    "efficientnet-v2-s": ("efficientnet_v2_s", 384, {}),
    "regnetx-400mf": ("regnet_x_400mf", 224, {}),
    "convnext-tiny": ("convnext_tiny", 224, {}),
    "ghostnet": ("timm:ghostnet_100", 224, {}),
    "r2plus1d-18": ("video.r2plus1d_18", (3, 16, 112, 112), {}),
    "vit-b16": ("vit_b_16", 224, {}),
    "lenet-5": ("own:lenet5", (1, 32, 32), {}),
    "u-net": ("own:UNet", (1, 572, 572), {}),
    "yolov5s": ("own:YOLOv5s", 640, {}),
    "wavenet-stack": ("own:WaveNet", (256, 16000), {}),
    "ds-cnn": ("own:ds_cnn", (1, 49, 10), {}),
}


def make(constructor: str, options: dict[str, Any]) -> nn.Module:
    """The model, of torchvision where no library is named."""
    torch.manual_seed(0)
    library, _, name = constructor.rpartition(":")
    if library == "timm":
        return timm.create_model(name, pretrained=False, **options)
    if library == "own":
        return getattr(own_networks, name)(**options)
    return attrgetter(name)(torchvision.models)(weights=None, **options)


def layers_of(model: nn.Module, image: torch.Tensor) -> list[list[Any]]:
    """Every convolution and matrix product as it runs."""
    found: list[list[Any]] = []

    def note(module: Any, given: Any, out: torch.Tensor) -> None:
        kind = "linear" if isinstance(module, nn.Linear) else "conv"
        shape = list(out.shape)
        if kind == "linear" and len(shape) == 4:  # channels last
            shape = [shape[0], shape[3], shape[1], shape[2]]
        transposed = isinstance(module, nn.ConvTranspose2d)
        seen = given[0] if transposed else out
        positions = seen.numel() // seen.shape[-1 if kind == "linear" else 1]
        weight = module.weight.transpose(0, 1) if transposed else module.weight  # ours: outputs first
        found.append([kind, list(weight.shape), shape, positions * weight.numel()])

    for module in model.modules():
        if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Linear)):
            module.register_forward_hook(note)
    with torch.no_grad():
        model(image)
    return found


def macs_of(model: nn.Module, image: torch.Tensor) -> int:
    """By PyTorch's own counter, which looks at what is executed: attention as the products that it is."""
    plain = sdpa_kernel(SDPBackend.MATH)  # it does not know the fused one of the CPU
    with plain, FlopCounterMode(display=False) as counter, torch.no_grad():
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


def facts(constructor: str, size: int | tuple[int, ...], options: dict[str, Any]) -> dict[str, Any]:
    """All facts about one network."""
    model = make(constructor, options).eval()
    image = torch.randn(1, *((3, size, size) if isinstance(size, int) else size))
    macs = macs_of(model, image)  # first: what follows leaves hooks in the model
    layers = layers_of(model, image)
    found = {
        "constructor": constructor,
        "input": list(image.shape),
        "params": sum(p.numel() for p in model.parameters()),
        "macs": macs,
        "layers": layers,
    }
    if macs != sum(layer[3] for layer in layers):
        assert any(isinstance(module, nn.MultiheadAttention) for module in model.modules()), constructor
        del found["layers"]
    return found


def main() -> None:
    """Write the file beside this one."""
    torch.backends.mha.set_fastpath_enabled(False)  # in one operation it would hide its products
    networks = {name: facts(*network) for name, network in NETWORKS.items()}
    for name in ("resnet18", "resnet50", "vgg11"):
        constructor, size, options = NETWORKS[name]
        networks[name]["saved_bytes_of_two"] = saved_bytes(make(constructor, options), torch.randn(2, 3, size, size))
    versions = {library.__name__: library.__version__ for library in (torch, torchvision, timm)}
    lines = [f"  {json.dumps(name)}: {json.dumps(network)}" for name, network in networks.items()]
    text = f'{{\n  "versions": {json.dumps(versions)},\n' + ",\n".join(lines) + "\n}\n"
    Path(__file__).with_name("networks.json").write_text(text)


if __name__ == "__main__":
    main()
