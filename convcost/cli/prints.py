"""Printed models among the lines of a batch: a layer of several lines, and lines that are no convolution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..spec import SpecError, read_layer
from ..spec.errors import OtherLayerError, UnfinishedLayerError, clip
from .failure import tell

Line = tuple[int, str]

#: What the lines of a print, or of a summary, consist of where they say nothing.
NOTHING = "),_-=~─━═┏┳┓┡╇┩├┼┤└┴┘│┃| "

#: A print spreads a layer over a few lines.
LINES_A_LAYER = 12

#: How many kinds of layers a note names.
NAMED = 8


def whole_layers(chunks: Iterable[list[Line]]) -> Iterator[list[Line]]:
    """The lines, but those of a layer that a print spreads over several as one.

    >>> list(whole_layers([[(1, "(0): Conv2d("), (2, "3, 8, kernel_size=(3, 3)")], [(3, ")"), (4, "8 @9")]]))
    [[], [(1, '(0): Conv2d( 3, 8, kernel_size=(3, 3) )'), (4, '8 @9')]]
    """
    held = list[Line]()
    for lines in chunks:
        if not held and not any([text[-1] == "(" for _, text in lines]):
            yield lines
            continue
        whole = list[Line]()
        for line in lines:
            held.append(line)
            if not _goes_on([text for _, text in held]):
                whole.append(_joined(held))
                held = []
        yield whole
    if held:
        yield [_joined(held)]


def _joined(held: list[Line]) -> Line:
    return held[0][0], " ".join([text for _, text in held])


def _goes_on(texts: list[str]) -> bool:
    """Does a layer of several lines go on behind these? What is no convolution is a line of its own."""
    if len(texts) == 1:
        return texts[0][-1] == "(" and _starts_a_layer(texts[0])
    return len(texts) < LINES_A_LAYER and sum([text.count("(") - text.count(")") for text in texts]) > 0


def _starts_a_layer(text: str) -> bool:
    try:
        read_layer(text)
    except UnfinishedLayerError:
        return True
    except SpecError:
        return False
    return False


class Passed:
    """Lines that are layers of another kind: passed over in the print of a model, errors where nothing else came."""

    def __init__(self) -> None:
        self._errors: list[tuple[int, SpecError]] = []

    def takes(self, error: SpecError, number: int, text: str) -> bool:
        """Keep the error of a line that stands in prints of models; False for another."""
        if not (isinstance(error, OtherLayerError) or not text.strip(NOTHING)):
            return False
        self._errors.append((number, error))
        return True

    def settle(self, answered: bool) -> list[tuple[int, SpecError]]:
        """Say in one note on stderr what was passed over, where something was answered; the errors otherwise."""
        others = [error for _, error in self._errors if isinstance(error, OtherLayerError)]
        names = list(dict.fromkeys([clip(error.text[error.start : error.end]) for error in others]))
        if names and answered:
            shown = ", ".join(names[:NAMED]) + ", …" * (len(names) > NAMED)
            tell(f"lines that are no convolutions were passed over: {shown}")
        return [] if names and answered else self._errors
