"""Modules that a real torch exports: counted as torch counts them, and left as they were."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="reading modules needs torch, which is not installed here")
pytest.importorskip("onnxscript", reason="exporting modules needs onnxscript, which is not installed here")

import convcost  # noqa: E402  behind the skip
from convcost.graph.ops import Conv  # noqa: E402  behind the skip
from convcost.networks.exported import module_network  # noqa: E402  behind the skip
from convcost.spec import SpecError  # noqa: E402  behind the skip

nn = torch.nn


class Small(nn.Module):
    """Everything that an exporter likes to fold, drop or call by other names; a table that nobody learned."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
        self.up = nn.ConvTranspose2d(8, 4, 2, 2, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.shared = nn.Linear(4, 4)
        self.blocks = nn.ModuleList([self.shared, nn.Identity()])  # the same under another name
        self.gain = nn.Parameter(torch.ones(1))
        self.never = nn.Linear(4, 4)
        self.register_buffer("table", torch.rand(4, 16, 12))

    def forward(self, x: Any) -> Any:
        """Runs all but `never`."""
        x = self.stem(x)
        x = self.norm(self.up(self.drop(x + self.depthwise(x)))) * self.gain + self.table
        x = x.flatten(2).transpose(1, 2)
        x = self.attention(x, x, x, need_weights=False)[0]
        return self.shared(self.shared(self.blocks[0](x))).mean(1)


#: Params that are read, and products, of Small on 3 x 16 x 12, by hand: 8 x 6 positions inside, 192 behind.
PARAMS = 216 + 16 + 72 + 128 + 8 + (48 + 12 + 16 + 4) + 20 + 1
MACS = 48 * (216 + 72 + 128) + 192 * (48 + 16) + 2 * 192 * 192 * 4 + 3 * 192 * 16


@pytest.fixture(scope="module")
def small() -> Any:
    torch.manual_seed(0)
    module = Small().train()
    module.stem[1].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        answer = convcost.network(module, "@3x16x12")
    return module, before, answer, [str(warning.message) for warning in said]


def test_params_and_macs_are_those_of_the_module(small: Any) -> None:
    """Nothing is folded, no table counted, a shared layer's params once, a single learned number, too."""
    module, _, answer, _ = small
    assert answer.total["params"] == PARAMS
    assert sum(p.numel() for p in module.parameters()) == PARAMS + 20
    assert answer.total["macs"] == MACS
    assert (answer.total["output_shape"], answer.network.unknown) == ((1, 4), ())
    assert answer.verified.status in ("verified", "partial")


def test_layers_have_the_paths_of_modules(small: Any) -> None:
    _, _, answer, _ = small
    names = [layer.name for layer in answer.layers]
    assert names[:5] == ["stem.0", "stem.1", "stem.2", "depthwise", "add"]
    assert {"up", "norm", "shared"} < set(names)
    assert len(set(names)) == len(names)
    kinds = {layer.name: layer.kind for layer in answer.layers}
    assert [kinds[name] for name in ("stem.0", "stem.1", "up", "norm")] == ["conv", "batch-norm", "conv", "batch-norm"]


def test_convolutions_have_a_bias_where_the_module_has(small: Any) -> None:
    _, _, answer, _ = small
    assert [node.op.bias for node in answer.network.graph.nodes if isinstance(node.op, Conv)] == [False] * 3


def test_the_module_comes_back_as_it_was(small: Any) -> None:
    module, before, _, _ = small
    assert module.training
    assert not module.stem[1].training
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_params_that_nobody_reads_are_said(small: Any) -> None:
    assert [text for text in small[3] if "20 params are not read in evaluation mode" in text and "never.weight" in text]


@pytest.mark.parametrize(
    ("module", "tokens", "message"),
    [
        (nn.Conv2d(3, 4, 3), "", "size of its input is not known"),
        (nn.Conv2d(3, 4, 3), "@2x2", r"does not take an input of 1x3x2x2: .*Kernel size"),
        (nn.Conv2d(3, 4, 3), "@8 fp16", "dtype of its own"),
        (object(), "@8", "is a object, no torch.nn.Module"),
    ],
)
def test_what_cannot_be_exported_is_one_line(module: Any, tokens: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        convcost.network(module, tokens)
    assert "\n" not in caught.value.message


class Odd(nn.Module):
    """How much comes out depends on what goes in."""

    def forward(self, x: Any) -> Any:
        """A loop over what is in the data."""
        for _ in range(int(x.sum())):
            x = x + 1
        return x


def test_what_torch_cannot_follow_has_a_way_out() -> None:
    with pytest.raises(SpecError, match=r"torch.export cannot follow it") as caught:
        module_network(Odd(), "@3x4x4")
    assert "ONNX" in caught.value.hint or "onnx" in caught.value.hint


FILE = """
import torch
print("hello")
def make(width=1):
    return torch.nn.Sequential(torch.nn.Conv1d(2, 4 * width, 3), torch.nn.ReLU())
"""


def test_the_command_says_that_it_runs_the_file(tmp_path: Path) -> None:
    """And stdout has the result alone."""
    (tmp_path / "a_net.py").write_text(FILE)
    root = str(Path(convcost.__file__).parents[1])
    call = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\nfrom convcost.__main__ import main\n"
            "sys.argv[1:] = ['network', 'a_net.py:make(width=2)', '@10', 'n3', '--format', 'csv', '--no-verify']\n"
            "main()"]  # fmt: skip
    ran = subprocess.run(call, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("level,name")
    assert ran.stderr.splitlines() == ["note: a_net.py is run, to get make from it", "hello"]
    row = ran.stdout.splitlines()[1].split(",")
    assert row[5:7] == ["56", str(3 * 8 * 6 * 8)]
