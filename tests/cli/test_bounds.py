"""What 64 KiB of the worst there is cost each reader: less than a second and 200 MB, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.bounded import MOST_SECONDS, Runner, keeps_bounds
from networks.network_cases import HOSTILE as NETWORKS
from networks.onnx_cases import HOSTILE as MODELS

SIZE = 65536

#: For the readers of one line, by notation: tokens, lines of frameworks, JSON.
LINES = [
    "k3 " * (SIZE // 3), "x=" * (SIZE // 2), "k" + "3x" * (SIZE // 2), "p" + "0-1x" * (SIZE // 4), "9" * SIZE,
    "日" * (SIZE // 3), "q" * SIZE, " ".join(f"q{i}" for i in range(9000)), "64:128 @56 k3" + " " * (SIZE - 13),
    "(" * SIZE, "Conv2d(" * (SIZE // 7), "Conv2d(" + "1," * (SIZE // 2), "Conv2d(" + "\"'" * (SIZE // 2),
    "a:" * (SIZE // 2) + " Conv2d(1,1,1) @9", "Conv2d(3, 3, " + "9" * SIZE + ") @9", "Conv2d(" + "((1,)," * (SIZE // 7),
    "Conv2D(" * (SIZE // 7), "keras.layers.Conv2D(8, " + "(3," * (SIZE // 3),
    "nn.Conv(8, (3, 3), padding=[" + "(1, 1)," * 9000,
    "paddle.nn.Conv2D(3, 8, 3, padding=[" + "[0, 1]," * 9000, "Conv2D(8, 3)" + "(x)" * (SIZE // 4), "f(" * (SIZE // 2),
    "Conv2D(8, 3) " + "(1, 9, 9, 3) " * (SIZE // 13), "Conv2D(8, " + "2**" * (SIZE // 3) + "2)", "%x = " * (SIZE // 5),
    "Conv2dStaticSamePadding(3, 8, 3 " + "(a): B(" * (SIZE // 7), "Conv2d(" + "1.5 M, " * (SIZE // 7),
    "conv 1 1 x 1 / " * 4000,
    "{" * SIZE, '{"a":' * (SIZE // 5), '{"a":' + "[" * SIZE, '{"kernel_size": [' + "1," * (SIZE // 2) + "1]}",
    '{"in_channels": 1' + "0" * SIZE + "}", '{"in_channels": 1e' + "9" * SIZE + "}", '{"' + "a" * SIZE + '": 1}',
    "{" + ",".join(f'"{n}": 1' for n in range(6000)) + "}", '{"x": ' + "[1" * 30000 + "]" * 5000,
]  # fmt: skip

#: For a batch: as many lines as there is room for.
BATCHES = {
    "mistakes": "a\n" * (SIZE // 2), "tokens": "8 @8 k3\n" * (SIZE // 8), "blanks": "\n" * SIZE,
    "half a JSON": "{\n" * (SIZE // 2), "half a PyTorch": "(\n" * (SIZE // 2),
    "different tokens": "".join(f"8 @{i} k3\n" for i in range(3, 6000))[:SIZE],
    "PyTorch": "Conv2d(3, 8, 3) @9\n" * (SIZE // 19),
    "JSON": '{"in_channels": 4, "kernel_size": 3, "input_size": 9}\n' * (SIZE // 54),
}  # fmt: skip

#: Those that go on until there are as many operations as there may be.
FULL = [NETWORKS[name] for name in ("blocks that double", "more than there may be")]

#: Networks that are in order, and are executed as well.
EXECUTED = {
    "wide": "input 3 @64\n" + "".join(f"standard {i} k3\n" for i in range(1, 2000)),
    "deep": "input 8 @32\ndefault norm relu\nresidual-bottleneck 8 k3 r400\n",
    "large": "input 512 @999999\nstandard 999999 k7\nmax-pool k2\nstandard 3 k3\n",
    "heavy": "input 1024 @64\nstandard 1024 k3 r3\nglobal-average-pool\nlinear 1000000\n",
    "many windows": "input 1 @999\nmax-pool k3 s1 p1\nmax-pool k99 s1 p1\nadaptive-max-pool 99999999\n",
}


#: Right and wrong lines of each command: what they load, and the commands themselves, are there before it counts.
BEFORE = [
    "layer 8 @9 k3 --no-verify -f json", "layer 8 @9 q3", "layer Conv2d(3,8,3)@9 --no-verify", "layer Conv2d(3,8,3",
    'layer {"in_channels":', "layer %x", "network lenet-5 --no-verify -f json", "network lenet-5 @0",
    "swap lenet-5 --to inverted-residual --where k5 --no-verify",
]  # fmt: skip


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    made = Runner(before=BEFORE)
    yield made
    made.close()


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line[:12]!a}-{line[-6:]!a}")
def test_a_line_of_64_kib_keeps_the_bounds(runner: Runner, line: str) -> None:
    """On standard input; each of the readers of one line."""
    assert keeps_bounds(runner, ["layer", "-", "--no-verify"], line.encode()[:SIZE])


@pytest.mark.parametrize("lines", BATCHES.values(), ids=BATCHES)
def test_a_batch_of_64_kib_keeps_the_bounds(runner: Runner, lines: str) -> None:
    """Thousands of inputs, each answered or reported: of their time only the order is bounded, memory as for one."""
    assert keeps_bounds(runner, ["layer", "-", "--no-verify", "--format", "json"], lines.encode(), 2 * MOST_SECONDS)


@pytest.mark.parametrize("text", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("words", [
    ["network", "-", "--format", "json", "--no-norm"], ["swap", "-", "--to", "inverted-residual", "--where", ""],
], ids=["network", "swap"])  # fmt: skip
def test_a_network_of_64_kib_keeps_the_bounds(runner: Runner, text: str, words: list[str]) -> None:
    """However few lines ask for however much; those that write out a hundred thousand operations take their time."""
    seconds = 3 * MOST_SECONDS if text in FULL else MOST_SECONDS
    assert keeps_bounds(runner, [*words, "--no-verify"], text.encode()[:SIZE], seconds)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("words", [["--format", "json"], ["--batch", "3"]], ids=["json", "batch"])
def test_a_model_of_64_kib_keeps_the_bounds(runner: Runner, tmp_path: Path, name: str, words: list[str]) -> None:
    """Its shape inference, which is ONNX's, included."""
    path = tmp_path / "model.onnx"
    path.write_bytes(MODELS[name])
    assert path.stat().st_size <= SIZE
    assert keeps_bounds(runner, ["network", str(path), *words, "--no-verify"])


@pytest.mark.parametrize("text", EXECUTED.values(), ids=EXECUTED)
def test_an_execution_takes_its_time_and_no_more_memory_than_it_may(runner: Runner, text: str) -> None:
    """What is too large to be executed is left out, and said to be."""
    found = runner(["network", "-"], text.encode())
    assert found.code == 0
    assert all(line.startswith("note: ") for line in found.err.splitlines()), found.err
    assert found.peak < 1_000_000_000


def test_what_a_process_takes_is_noticed(runner: Runner) -> None:
    """Thousands of operations are seen to take their memory, and their time."""
    small, large = [
        runner(["network", "-", "--no-verify"], f"input 3 @8\nstandard 3 k3 r{n}\n".encode()) for n in (1, 4000)
    ]
    assert large.peak > small.peak + 4_000_000
    assert large.seconds > 2 * small.seconds
