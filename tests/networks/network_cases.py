"""Network files that are nearly right, and files of up to 64 KiB that are made to take long or much."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from convcost.networks.primitives import PRIMITIVES
from convcost.networks.zoo import FOLDER

SIZE = 65536

ZOO = [path.read_text("utf-8") for path in sorted(FOLDER.glob("*.txt"))]

#: Words that take the place of others.
WORDS = [
    "0", "-1", "1", "7", "999999999999999999", "1000000000000000000", "9" * 5000, "r0", "r2", "r700", "r99999999",
    "k999999999999999999", "k0", "k1x2x3x4", "s999999999999999999", "p999999999999999999", "d99999999999", "g0", "g3",
    "e999999999", "m9999999", "mid=0", "in", "in*0", "in/999999999", "in*999999999999999999", "8*width", "$x", "$c",
    "from", "block", "default", "input", "width", "shortcut", "norm", "no-norm", "bias", "each", "@0", "@1", "@1x2x3",
    "n999999999999999999", "1d", "3d", "t", "op1", "fp16", "ceil", "#", ":", "x:", "in:", "=", "²", "\x00", "\ud800",
    "\u200b", "日本", "standard", "inverted-residual", "residual-bottleneck", "grouped", *PRIMITIVES,
    "share", "also", "depth", "8*depth", "999999999999999999x2", "p999999999999999999-0x1", "in+999999999999999999",
    "bilinear", "affine", "mode=reflect", "mode=circular", "ghost", "mbconv", "2plus1d", "tcn", "mid=2x3", "p$x-0",
]  # fmt: skip


@st.composite
def broken_networks(draw: DrawFn) -> str:
    """A file of the zoo with a few lines dropped, doubled, swapped or moved in, and a few words replaced."""
    lines = draw(st.sampled_from(ZOO)).splitlines()
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(lines) - 1))
        other = draw(st.sampled_from(lines))
        change = draw(st.sampled_from(("drop", "double", "swap", "indent", "word", "word", "word", "insert", "name")))
        words = lines[at].split(" ")
        if change == "word":
            words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(WORDS))
        elif change == "insert":
            words.insert(draw(st.integers(0, len(words))), draw(st.sampled_from(WORDS)))
        new = {
            "drop": [], "double": [lines[at]] * draw(st.integers(2, 40)), "swap": [other, lines[at]],
            "indent": [lines[at].strip() if lines[at].startswith(" ") else f"  {lines[at]}"],
            "name": [f"a: {lines[at].strip()}"],
        }.get(change, [" ".join(words)])  # fmt: skip
        lines[at : at + 1] = new
        lines = lines or [""]
    return "\n".join(lines)


def _fill(start: str, unit: str, end: str = "") -> str:
    return start + unit * ((SIZE - len(start) - len(end)) // len(unit)) + end


def _blocks(first: str, inside: str, count: int) -> str:
    """Blocks that call one another, each as `inside` says with the number of the one before."""
    return f"block b0\n{first}" + "".join(f"block b{i}\n{inside.format(i - 1)}" for i in range(1, count))


def _branches(count: int, between: str = "") -> str:
    """So many lines that read the input, and then all of them together."""
    named = "".join(f"a{i}: relu from in\n" for i in range(count))
    parts = [" ".join(f"a{i}" for i in range(k, min(k + 1000, count))) for k in range(0, count, 1000)]
    return named + between + "".join(f"concat from {part}\n" for part in parts)


_START = "input 3 @8\n"
_LONG = "b" * 60

#: By name: files that are short, and ask for as much as can be asked for.
HOSTILE = {
    "thousands of operations": _START + "standard 3 k3 r4500\n",
    "thousands, all different": "input 3 @20100x20100x20100\nstandard 3 k3 pvalid bias r4500\n",
    "more than there may be": _START + "depthwise-separable 3 k3 norm relu r99999\n",
    "as many lines as fit": _fill(_START, "pointwise 3\n"),
    "lines of distinct words": _START + "".join(f"{i:x}\n" for i in range(11000)),
    "a block of distinct words": _START + "block b\n" + "".join(f" {i:x}\n" for i in range(9000)) + "b\n",
    "a token again and again": _fill(_START + "standard 4 ", "k3 "),
    "no token again and again": _fill(_START + "standard 4 ", "q "),
    "flags, often repeated": _fill(_START + "standard 4 k3 r4500 ", "relu "),
    "flags in a block, often called": _fill(_START + "block b\n  pointwise 3 ", "relu ", "\nb r4500"),
    "branches that meet at the end": _START + _branches(2600),
    "branches as long as can be": _START + _branches(180, "standard 3 k3 r4100\n"),
    "branches across a block": _START + "block b\n  relu\n" + _branches(2400, "b r1500\n"),
    "many inputs, often": _START + "block b\n  x: pointwise 1\n  concat from " + "x " * 999 + "\nb r4500\n",
    "as many inputs as there may be": _START + "block b\n  x: pointwise 1\n  concat from " + "x " * 160 + "\nb r490\n",
    "blocks that double": _START + _blocks("  relu\n", "  b{0}\n  b{0}\n", 40) + "b39\n",
    "blocks that come to nothing": _START + _blocks("  batch-norm\n", "  b{0} r4500\n  b{0}\n", 40) + "relu\nb39\n",
    "a block in itself": _START + "block b\n  relu\n  b r4500\n  b r4500\nb r4500\n",
    "words that double": _START + "block b0 x\n  relu $x\n" + "".join(
        f"block b{i} x\n  b{i - 1} $x$x\n" for i in range(1, 40)) + "b39 a",
    "long names, deeply nested": _START + f"block {_LONG}0\n  relu\n" + "".join(
        f"block {_LONG}{i}\n  {_LONG}{i - 1}\n" for i in range(1, 49)) + f"{_LONG}48 r390\n",
    "arithmetic": "width 0.999999\n" + _START + "block b\n  pointwise in" + "*width" * 8 + "\nb r4500\n",
    "long arithmetic": _START + "block b\n  pointwise in" + "*1/1" * 15000 + "\nb r4500\n",
    "parameters": _START + "block b " + " ".join(f"p{i}=1" for i in range(6000)) + "\n  relu\nb r4500\n",
    "as large as can be": "input " + "@".join(["9" * 18 + " ", "x".join(["9" * 18] * 3)]) + " n" + "9" * 18
    + "\nstandard 999999999999999999 k99 bias norm relu\nstandard 999999999999999999 k3\n",
    "a long name": _START + "s" * 64000,
    "a long number": _START + "standard 4 k" + "3x" * 32000,
    "blanks": _fill(_START + "relu", "\t"), "comments": _fill(_START, "#\n"), "source": _fill("# source: ", "# a\n"),
    "carriage returns": _fill(_START, "\r"), "nothing": "", "no text": "\x00" * SIZE,
}  # fmt: skip
