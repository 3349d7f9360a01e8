"""Activation memory step by step, drawn in the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ..answers.network import NetworkAnswer, alive_tensor
from .units import BYTES, choose_scale, show

#: A bar's cells: what was alive before, what the step allocates; and where only ASCII can be written.
HELD, MADE = "▒", "█"
ASCII = str.maketrans("▒█…·", "=#~.")

#: A name takes at most this many columns.
LONGEST_NAME = 30


def timeline(answer: NetworkAnswer, width: int = 80, *, ascii_only: bool = False) -> str:
    """A line for each step that allocates: its name, what is alive as a bar, and how much that is.

    >>> from convcost.answers.network import answer_network
    >>> from convcost.networks.build import build_network
    >>> from convcost.networks.program import read_program
    >>> network = build_network(read_program("input 4 @32\\nstandard 8 k3\\nmax-pool k2"))
    >>> print(timeline(answer_network(network), 50), end="")
     activation memory, step by step (KiB)
     standard  ▒▒▒▒▒▒▒▒▒█████████████████  48  ◀ peak
     max-pool  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒████      40
    """
    text = "".join([line.rstrip() + "\n" for line in _lines(answer, width)])
    return text.translate(ASCII).replace("◀", "<") if ascii_only else text


def _lines(answer: NetworkAnswer, width: int) -> Iterator[str]:
    totals = [layer.words["peak_bytes"] for layer in answer.layers]
    scale = choose_scale([answer.peak.bytes], BYTES)
    texts = [show(total, scale) for total in totals]
    names = [_short(layer.name) for layer in answer.layers]
    shown = [i for i, step in enumerate(answer.timeline) if step.allocates]
    name_width = max([len(names[i]) for i in shown], default=0)
    digits = max(map(len, texts))
    room = max(8, width - name_width - digits - 14)
    yield f" activation memory, step by step ({scale.unit})"
    for i in shown:
        made = alive_tensor(answer.network, i + 1).bytes
        full = round(totals[i] * room / answer.peak.bytes)
        new = min(full, max(1, round(made * room / answer.peak.bytes)))
        peak = "  ◀ peak" if i == answer.peak.step - 1 else ""
        bar = HELD * (full - new) + MADE * new
        yield f" {names[i]:<{name_width}}  {bar:<{room}}  {texts[i]:>{digits}}{peak}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else "…" + name[1 - LONGEST_NAME :]
