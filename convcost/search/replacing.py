"""Which convolutions of a network a variant takes the place of: tokens, a condition, an order, and how many."""

from __future__ import annotations

from contextlib import suppress

from ..answers.network import NetworkAnswer, VerifyNetwork, answer_network
from ..answers.opening import Opened
from ..graph.ops import Shape
from ..networks.build import Network
from ..networks.swap import Swapped, Where, read_where, swap_network
from ..spec.errors import SpecError
from ..spec.records import NamedTuple
from .select import LAYER_NUMBERS, LAYER_WORDS, read_selection, select_layers
from .where import Condition


class SwapAnswer(NamedTuple):
    """A network before and after, what was replaced or left alone, by what, and which were meant."""

    before: NetworkAnswer
    after: NetworkAnswer
    swapped: Swapped
    to: str
    where: str

    @property
    def replaced(self) -> tuple[str, ...]:
        """The names of the layers that were replaced."""
        return self.swapped.replaced


def answer_swap(
    opened: Opened, to: str, where: str = "k3", sort: str = "", top: int | None = None, *, inplace: bool = True,
    verify: VerifyNetwork | None = None,
) -> SwapAnswer:  # fmt: skip
    """The network with some convolutions replaced by the variant `to`, beside itself.

    >>> from ..answers.opening import find_network
    >>> found = answer_swap(find_network("resnet18"), "ghost", "k3", "max:macs", 2)
    >>> found.replaced, found.after.total["macs"] < found.before.total["macs"]
    (('stage1.1.conv1', 'stage1.1.conv2'), True)

    Raises SpecError for what means no convolution.
    """
    swapped = swap_meant(opened.network, to, where, sort, top)

    def rebuild_swapped(shape: Shape) -> Network:
        return swap_network(opened.rebuild(shape), to, read_where("", 0), swapped.replaced).network

    before = answer_network(opened.network, inplace, verify, opened.rebuild)
    after = answer_network(swapped.network, inplace, verify, rebuild_swapped)
    return SwapAnswer(before, after, swapped, to, where)


def swap_meant(network: Network, to: str, where: str, sort: str, top: int | None) -> Swapped:
    """The network with those convolutions replaced that tokens and a condition mean, the first of them in an order."""
    tokens, condition = split_where(where, len(network.graph.input_shape) - 2)
    found = swap_network(network, to, tokens)
    if not condition and not sort and top is None:
        return found
    answer = answer_network(network)
    replaceable = [layer.name in found.replaced for layer in answer.layers]
    chosen = read_selection(condition, sort, None, "", LAYER_WORDS, LAYER_NUMBERS)
    order = [index for index in select_layers(answer, chosen) if replaceable[index]][:top]
    meant = {answer.layers[index].name for index in order}
    left = [one for one in found.left if not condition or _is_meant(one.name, answer, condition)]
    return swap_network(network, to, read_where("", 0), meant)._replace(left=tuple(left))


def _is_meant(name: str, answer: NetworkAnswer, condition: str) -> bool:
    chosen = select_layers(answer, read_selection(condition, "", None, "", LAYER_WORDS, ()))
    return name in {answer.layers[index].name for index in chosen}


def split_where(where: str, axes: int) -> tuple[Where, str]:
    """Tokens and names, and the condition that follows them.

    >>> split_where("k3 and (macs>1% or params>2M)", 2)
    (Where(fields={'kernel_size': (3, 3)}, pattern='', numbers=None, bounds=()), '(macs>1% or params>2M)')

    Raises SpecError for what is neither.
    """
    words = where.split()
    if not {"and", "or", "not"} & {*words}:  # no layer is called so
        with suppress(SpecError):
            return read_where(where, axes), ""
    for at in range(len(words)):
        before = words[: at - 1] if at and words[at - 1] == "and" else words[:at]
        with suppress(SpecError):
            Condition(" ".join(words[at:]), LAYER_WORDS)
            return read_where(" ".join(before), axes), " ".join(words[at:])
    return read_where(where, axes), ""  # which says what is wrong with it
