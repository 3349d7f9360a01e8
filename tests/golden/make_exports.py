"""Exports the models of exported_models.txt to ONNX, and counts each of them in PyTorch, without convcost.

    python -m venv V && V/bin/pip install torch==2.14.1 torchvision==0.29.1 timm onnx onnxscript
    V/bin/python tests/golden/make_exports.py FOLDER             # FOLDER/*.onnx and FOLDER/truth.json
    V/bin/python tests/golden/make_exports.py FOLDER --collect   # exported_models.json, beside this script

Weights are random, nothing is downloaded. What is there already is not made again. A model is counted while it runs
once, operation by operation, below autograd: `macs` are the products of convolutions and matrix products that depend
on the input, `constant_macs` those of weights alone (a table of positions that a small network makes), which an
exporter may work out. `params` are the parameters that the run reads: what is read by nothing is not in the file;
`params_of_module` are all of them. `buffers` are tables of floats that the run reads, running statistics of BatchNorm
apart: numbers in the file that nobody learned.

The TorchScript exporter folds BatchNorm into convolutions where it exports for inference, so it is told to preserve
the mode, which is evaluation. Its folding of constants stays on, as it is by default, unless that changes how many
numbers the file has (`folded`). The dynamo exporter folds BatchNorm, too, where it optimizes: `.dynamo.onnx` is as it
does by default, and its `params` are what is left in the file: all floats less the tables and the running statistics
that BatchNorms still read. `.dynamo-plain.onnx` is not optimized, and has the params of the module. A file above
400 MB is kept without the content of its tensors (`stripped`).
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import timm
import torch
import torchvision
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

LIST = Path(__file__).with_name("exported_models.txt")

#: Seconds that one model may take, and bytes of a file that keeps its weights.
LONGEST, LARGEST = 900, 400 * 10**6

#: torchvision's models that are not made for 224 x 224.
SIZES = {"inception_v3": 299, "swin_v2_t": 256, "swin_v2_s": 256, "swin_v2_b": 256}

FLOATS = (1, 10, 11, 16)


def _convolution(given: Any, out: Any) -> int:
    """Each output adds up over what its kernel sees; transposed, each input is spread over what its kernel reaches."""
    seen = given[0] if given[6] else out
    return seen.numel() * prod(given[1].shape[1:])


def _matrix(place: int) -> Callable[[Any, Any], int]:
    """Each output adds up over the last axis of the operand at that place."""
    return lambda given, out: out.numel() * given[place].shape[-1]


#: Multiply-adds of each operation that has any, from what it is given and what it makes.
PRODUCTS: dict[str, Callable[[Any, Any], int]] = {
    "convolution": _convolution,
    **dict.fromkeys(("mm", "bmm", "mv", "dot"), _matrix(0)),
    **dict.fromkeys(("addmm", "baddbmm", "addmv"), _matrix(1)),
}

#: Parts of names of operations that multiply matrices in some other way: none may go by uncounted.
OTHERS = ("conv", "matmul", "attention", "lstm", "gru", "rnn", "linear", "einsum", "addr", "addbmm", "fused")

#: Operations that take only the shape of what they are given.
SHAPES_ONLY = ("empty", "zeros", "ones", "full", "new_", "arange", "rand", "_like")


class Counter(TorchDispatchMode):
    """Counts products, tells those that depend on the input from the others, and notes which weights are read."""

    def __init__(self, model: nn.Module, image: torch.Tensor) -> None:
        super().__init__()
        self.macs = self.constant_macs = 0
        self.kept = [image.untyped_storage()]  # alive, so that no other storage gets their address
        self.fed = {image.untyped_storage()._cdata}
        self.own = {t.untyped_storage()._cdata for t in (*model.parameters(), *model.buffers())}
        self.read: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        given = {t.untyped_storage()._cdata for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)}
        name = func.overloadpacket.__name__
        depends = bool(given & self.fed)
        self.read |= given & self.own
        self._count(name, args, out, depends)
        if depends and not any(part in name for part in SHAPES_ONLY):
            for tensor in tree_leaves((out, args[:1] if name.endswith("_") else ())):
                if isinstance(tensor, torch.Tensor):
                    self.kept.append(tensor.untyped_storage())
                    self.fed.add(tensor.untyped_storage()._cdata)
        return out

    def _count(self, name: str, args: Any, out: Any, depends: bool) -> None:
        plain = name.strip("_")
        if plain in PRODUCTS:
            macs = PRODUCTS[plain](args, out)
            self.macs += macs * depends
            self.constant_macs += macs * (not depends)
        elif any(part in plain for part in OTHERS) and not plain.startswith("upsample"):
            raise NotImplementedError(f"no rule for {name}")


def count(model: nn.Module, image: torch.Tensor) -> dict[str, Any]:
    """What one run of the model reads and computes."""
    torch.backends.mha.set_fastpath_enabled(False)
    math = torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)
    with torch.no_grad(), math, torch.backends.mkldnn.flags(enabled=False), Counter(model, image) as counter:
        model(image)
    running = {id(tensor) for tensor in statistics(model)}
    read = {name: t for name, t in model.named_parameters() if t.untyped_storage()._cdata in counter.read}
    tables = {
        name: b.numel()
        for name, b in model.named_buffers()
        if b.is_floating_point() and id(b) not in running and b.untyped_storage()._cdata in counter.read
    }
    return {
        "params": sum(t.numel() for t in read.values()),
        "macs": counter.macs,
        "constant_macs": counter.constant_macs,
        "params_of_module": sum(t.numel() for t in model.parameters()),
        "buffers": sum(tables.values()),
        "single_params": sum(t.numel() == 1 for t in read.values()),
        "statistics": sum(b.numel() for b in statistics(model) if b.untyped_storage()._cdata in counter.read),
    }


def make(name: str) -> tuple[nn.Module, torch.Tensor]:
    """The model and an image for it."""
    library, _, model = name.partition(":")
    torch.manual_seed(0)
    if library == "torchvision":
        made = torchvision.models.get_model(model, weights=None)
        shape = (3, SIZES.get(model, 224), SIZES.get(model, 224))
    else:
        made = timm.create_model(model, pretrained=False, exportable=True)
        shape = made.default_cfg["input_size"]
    return disturb(made.eval()), torch.randn(1, *shape)


def disturb(model: nn.Module) -> nn.Module:
    """Make no two weights the same, as training does: exporters keep what is the same, all BatchNorms' ones, once."""
    with torch.no_grad():
        for tensor in (*model.parameters(), *statistics(model)):
            if tensor.is_floating_point():
                tensor.mul_(1 + 0.01 * torch.rand_like(tensor)).add_(0.01 * torch.rand_like(tensor))
    return model


def statistics(model: nn.Module) -> list[torch.Tensor]:
    """Running means and variances of BatchNorms."""
    modules = [module for module in model.modules() if hasattr(module, "running_mean")]
    return [b for module in modules for b in module.buffers(recurse=False) if b.is_floating_point()]


def export(model: nn.Module, image: torch.Tensor, path: Path, exporter: str, fold: bool) -> None:
    """Write the ONNX file."""
    torch.backends.mha.set_fastpath_enabled(False)
    if exporter != "torchscript":
        optimize = exporter == "dynamo"
        torch.onnx.export(model, (image,), str(path), dynamo=True, optimize=optimize, external_data=False)
        return
    torch.onnx.export(
        model, (image,), str(path), dynamo=False, opset_version=17, do_constant_folding=fold,
        training=torch.onnx.TrainingMode.PRESERVE, input_names=["input"], output_names=["output"],
    )  # fmt: skip


def numbers_in(path: Path) -> tuple[int, int]:
    """Floats in all tensors of a file that have more than one, and those of them that are running statistics.

    By how much a Resize makes its input larger is none of them.
    """
    graph = onnx.load(str(path), load_external_data=False).graph
    scales = {name for node in graph.node if node.op_type == "Resize" for name in node.input[1:3]}
    tensors = [tensor for tensor in graph.initializer if tensor.name not in scales]
    tensors += [a.t for node in graph.node for a in node.attribute if a.HasField("t") and node.output[0] not in scales]
    sizes = {t.name: prod(t.dims) for t in graph.initializer}
    running = {name for node in graph.node if node.op_type == "BatchNormalization" for name in node.input[3:]}
    floats = sum(prod(t.dims) for t in tensors if t.data_type in FLOATS and prod(t.dims) > 1)
    return floats, sum(sizes.get(name, 0) for name in running)


def strip(path: Path, target: Path) -> None:
    """The same file, without what is in its tensors."""
    model = onnx.load(str(path), load_external_data=False)
    for tensor in model.graph.initializer:
        if prod(tensor.dims) > 64:
            tensor.ClearField("raw_data")
            tensor.ClearField("float_data")
            tensor.ClearField("external_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
    target.write_bytes(model.SerializeToString())


def one(name: str, exporter: str, folder: Path) -> dict[str, Any]:
    """Export one model and count it."""
    model, image = make(name)
    facts = count(model, image)
    expected = facts["params"] + facts["buffers"] + facts["statistics"] - facts["single_params"]
    file = file_of(name, exporter)
    with TemporaryDirectory(dir=folder) as inside:
        path = Path(inside) / file
        export(model, image, path, exporter, fold=True)
        floats, running = numbers_in(path)
        facts["folded"] = exporter != "dynamo-plain"
        if exporter == "torchscript" and floats != expected:
            whole = Path(inside) / "whole.onnx"
            export(model, image, whole, exporter, fold=False)
            if numbers_in(whole)[0] != floats:
                floats, facts["folded"] = numbers_in(whole)[0], False
                path.unlink()
                path = whole
        if exporter == "dynamo":
            facts["params"] = floats + facts["single_params"] - facts["buffers"] - running
        facts["numbers_in_file"] = floats
        facts["stripped"] = 4 * floats > LARGEST
        if facts["stripped"]:
            strip(path, folder / file)
        else:
            path.replace(folder / file)
    versions = f"torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}"
    return {**facts, "source": name, "exporter": exporter, "input": list(image.shape), "versions": versions}


def file_of(name: str, exporter: str) -> str:
    """The name of the file of a model.

    >>> file_of("timm:levit_128s", "dynamo")
    'timm-levit_128s.dynamo.onnx'
    """
    return name.replace(":", "-") + ("" if exporter == "torchscript" else f".{exporter}") + ".onnx"


#: Parts of the names of large models, which come last.
LARGE = (
    "_h_", "_l_", "_large", "gf", "_v2_b", "_v2_s", "_v2_m", "_v2_l", "_b5", "_b6", "_b7", "vgg", "152", "101", "_b_",
)  # fmt: skip


def wanted() -> list[tuple[str, str]]:
    """Every export, the libraries in turn, those of the dynamo exporter between the others, large models last."""
    lines = [line.split() for line in LIST.read_text().splitlines()]
    start = next(i for i, words in enumerate(lines) if words[0].startswith("timm"))
    found = []
    for number, words in enumerate(lines):
        place = number if number < start else number - start
        place += 1000 * any(part in words[0] for part in LARGE)
        found.append((place, words[0], "torchscript"))
        if "dynamo" in words:
            found += [(place + 30, words[0], exporter) for exporter in ("dynamo", "dynamo-plain")]
    return [(name, exporter) for _, name, exporter in sorted(found)]


def in_a_child(name: str, exporter: str, folder: Path) -> None:
    """Do it in a process of its own, which gives its memory back and can be stopped."""
    child = os.fork()
    if child == 0:
        with (folder / "log.txt").open("a") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            try:
                facts = one(name, exporter, folder)
            except BaseException as error:
                traceback.print_exc()
                facts = {"source": name, "failed": f"{type(error).__name__}: {error}"[:300]}
            (folder / "last.json").write_text(json.dumps(facts))
            os._exit(0)
    end = time.monotonic() + LONGEST
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        time.sleep(0.2)
        if time.monotonic() > end:
            os.kill(child, 9)
            os.waitpid(child, 0)
            break


def main(folder: Path) -> None:
    """Export everything that is not there yet."""
    torch.set_num_threads(1)
    truth_file = folder / "truth.json"
    truth = json.loads(truth_file.read_text()) if truth_file.exists() else {}
    failed_file = folder / "failed.json"
    failed = json.loads(failed_file.read_text()) if failed_file.exists() else {}
    for name, exporter in wanted():
        file = file_of(name, exporter)
        if file in truth or file in failed:
            continue
        start = time.monotonic()
        last = folder / "last.json"
        last.write_text(json.dumps({"source": name, "failed": "it took too long, or too much memory"}))
        in_a_child(name, exporter, folder)
        facts = json.loads(last.read_text())
        (failed if "failed" in facts else truth)[file] = facts
        for path, content in ((truth_file, truth), (failed_file, failed)):
            text = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items())
            path.with_suffix(".new").write_text(f"{{\n{text}\n}}\n")
            path.with_suffix(".new").replace(path)
        print(f"{time.monotonic() - start:6.1f} s  {file}  {facts.get('failed', '')}", flush=True)


def collect(folder: Path) -> None:
    """Write what the exports are measured by beside this script; what could not be exported, with the reason."""
    truth, failed = (json.loads((folder / name).read_text()) for name in ("truth.json", "failed.json"))
    lines = [f"  {json.dumps(file)}: {json.dumps(facts)}" for file, facts in sorted({**truth, **failed}.items())]
    LIST.with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    (collect if "--collect" in sys.argv else main)(Path(sys.argv[1]))
