"""Networks by name: what may be said beside it, and how what may not is marked."""

from __future__ import annotations

from typing import Any

import pytest
from tables import each

from convcost.answers import opening
from convcost.answers.opening import Asked, find_network, is_onnx, parse_input, read_model
from convcost.spec.errors import SpecError

NINES = "9" * 18


@each(
    ("text", "found"),
    [
        ("data=1x3x224x224", ("data", (1, 3, 224, 224))), ("a=b=7", ("a=b", (7,))), ("a=2X3", ("a", (2, 3))),
        (f"a={NINES}", ("a", (10**18 - 1,))),
    ],
)  # fmt: skip
def test_an_input_has_a_name_and_a_shape(text: str, found: tuple[str, tuple[int, ...]]) -> None:
    """Of sizes with at most 18 digits."""
    assert parse_input(text) == found


@each("text", ["=1x3", "data", "data=", "data=1x", "data=1x-3", "data=1x²", "data=1xa", f"a={NINES}9"])
def test_what_is_no_input_is_marked_whole(text: str) -> None:
    with pytest.raises(SpecError, match="is no input") as caught:
        parse_input(text)
    assert (caught.value.text, caught.value.start, caught.value.end) == (text, 0, len(text))


@each(("name", "is_file"), [("a.onnx", True), ("A.ONNX", True), ("a.txt", False), ("onnx", False)])
def test_a_file_is_onnx_by_its_ending(name: str, is_file: bool) -> None:
    assert is_onnx(name) is is_file


@each(
    ("name", "asked", "says", "marked"),
    [
        ("a.onnx", Asked(width="0.5"), "an ONNX file has no width multiplier", "0.5"),
        ("a.onnx", Asked(depth="2"), "an ONNX file has no depth multiplier", "2"),
        (7, Asked(width="0.5"), "a module has no width multiplier", "0.5"),
        (7, Asked(norm=False), "a module keeps its BatchNorm", None),
        ("m:f", Asked(norm=False), "a module keeps its BatchNorm", None),
        ("resnet18", Asked(inputs=("a=1x3", "b=2")), "--input is for ONNX files", "a=1x3"),
    ],
)
def test_what_a_network_does_not_have_is_marked(name: object, asked: Asked, says: str, marked: str | None) -> None:
    """All of what was said."""
    with pytest.raises(SpecError, match=says) as caught:
        find_network(name, "", asked)
    if marked is not None:
        assert (caught.value.text, caught.value.start, caught.value.end) == (marked, 0, len(marked))


def test_the_norm_of_a_file_is_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an ONNX file has stays; its inputs are read with its size."""
    asked: list[Any] = []
    monkeypatch.setattr(opening, "read_model", lambda *said: asked.append(said))
    find_network("a.onnx", "@24", Asked(norm=False, batch=2, inputs=("a=1x3",)))
    assert asked == [("@24 n2", "a.onnx", ["a=1x3"])]


def test_the_size_of_an_input_is_said_once() -> None:
    with pytest.raises(SpecError, match="the input's size is given twice") as caught:
        read_model("@24x20", "a.onnx", ["a=1x3"])
    assert (caught.value.text, caught.value.start, caught.value.end) == ("@24x20", 0, 6)


@pytest.mark.parametrize(("batch", "tokens", "shape"), [(None, "", (1, 3, 224, 224)), (4, "", (4, 3, 224, 224)),
                                                        (4, "@64", (4, 3, 64, 64))])  # fmt: skip
def test_a_batch_is_said_beside_the_size(batch: int | None, tokens: str, shape: tuple[int, ...]) -> None:
    """And holds where the network is made again at another size, with its multipliers."""
    found = find_network("mobilenet-v1", tokens, Asked(width="0.5", batch=batch))
    assert found.network.graph.input_shape == shape
    again = found.rebuild((batch or 1, 3, 32, 36)).graph
    assert again.input_shape == (batch or 1, 3, 32, 36)
    assert [node.op for node in again.nodes] == [node.op for node in found.network.graph.nodes]


def test_without_norm_there_is_none() -> None:
    """Unless it is asked for; a depth is that of the network."""
    kinds = [{type(node.op).__name__ for node in find_network("resnet18", "@64", Asked(norm=norm)).network.graph.nodes}
             for norm in (True, False)]  # fmt: skip
    assert ["BatchNorm" in each for each in kinds] == [True, False]
    deep = [len(find_network("efficientnet-b0", "@64", Asked(depth=d)).network.graph.nodes) for d in ("", "2")]
    assert deep[0] < deep[1]


@pytest.mark.parametrize(("name", "called"), [("-", "printed model"), ("model.txt", "model.txt")])
def test_a_printed_model_is_called_as_its_file(name: str, called: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came on standard input has no name; what is worth knowing of it is told."""
    from convcost.networks import printed

    plain = find_network("lenet-5").network

    class Printed:
        network = plain
        notes = ("it is small",)
        rebuild = opening.not_rebuilt

    def made(_text: str, _tokens: str, said: str) -> Any:
        Printed.network = plain._replace(name=said)
        return Printed

    told: list[str] = []
    monkeypatch.setattr(opening, "printed_text", lambda *_: "Net(")
    monkeypatch.setattr(opening, "is_module_name", lambda _: False)
    monkeypatch.setattr(printed, "printed_network", made)
    found = find_network(name, tell=told.append)
    assert (found.network.name, told) == (called, [f"{called}: it is small"])
    with pytest.raises(SpecError, match="a printed model keeps its BatchNorm"):
        find_network(name, asked=Asked(norm=False))
