"""Networks in other forms than ours, told by their name or first lines: modules, prints, files of other programs."""

from __future__ import annotations

import re
from pathlib import Path

from ..spec.errors import SpecError, clip
from ..spec.lines.elsewhere import recognised
from .errors import NetworkError
from .lines import LONGEST_FILE

#: A module of PyTorch as a command line names it: where it is, the attribute there, arguments.
MODULE_NAME = re.compile(r"(?P<place>[^:()]+):(?P<attribute>[A-Za-z_][\w.-]*)(?P<arguments>\(.*\))?", re.DOTALL)

_CHILD = re.compile(r"^[ \t]+\([^()\n]*\): (?:\d+ x )?[A-Za-z_][\w.]*\(", re.MULTILINE)

#: By ending: what such a file is, and what makes an ONNX file of it, NAME standing for the file without its ending.
KINDS: dict[str, tuple[str, str]] = {
    ".tflite": ("a TensorFlow Lite model", "python -m tf2onnx.convert --tflite NAME.tflite --output NAME.onnx"),
    ".pt": ("a pickle of PyTorch, and a pickle runs code", "in Python: torch.onnx.export(model, (x,), 'NAME.onnx')"),
    ".pth": ("a pickle of PyTorch, and a pickle runs code", "in Python: torch.onnx.export(model, (x,), 'NAME.onnx')"),
    ".h5": ("a model of Keras, or its weights", "python -m tf2onnx.convert --keras NAME.h5 --output NAME.onnx"),
    ".keras": (
        "a model of Keras",
        "in Python: keras.saving.load_model('NAME.keras').export('NAME.onnx', format='onnx')",
    ),
    ".pb": (
        "a graph of TensorFlow",
        "python -m tf2onnx.convert --graphdef NAME.pb --inputs … --outputs … --output NAME.onnx",
    ),
    ".cfg": (
        "a network of Darknet",
        "python demo_darknet2onnx.py NAME.cfg NAME.names NAME.weights image.jpg 1, of pytorch-YOLOv4",
    ),
    ".prototxt": (
        "a network of Caffe",
        "python -m caffe2onnx.convert --prototxt NAME.prototxt --caffemodel NAME.caffemodel --onnx NAME.onnx",
    ),
    ".safetensors": (
        "weights without the network that they belong to",
        "optimum-cli export onnx --model FOLDER OUTPUT, for a model of Hugging Face",
    ),
    ".mlmodel": (
        "a model of Core ML",
        "in Python: onnxmltools.utils.save_model(onnxmltools.convert_coreml(spec), 'NAME.onnx')",
    ),
    ".py": ("a file of Python", "convcost network NAME.py:Net @3x224x224, Net being the module in it"),
}


def is_module_name(text: str) -> bool:
    """Does `text` name a PyTorch module, as `PLACE:NAME` or `PLACE:NAME(KEYWORD=VALUE)`?

    >>> [is_module_name(text) for text in ("timm:resnet18", "my.py:Net(width=2)", "resnet50", "C:\\nets\\a.txt")]
    [True, True, False, False]
    """
    match = MODULE_NAME.fullmatch(text)
    return match is not None and not (len(match["place"]) == 1 and "\\" in text) and not _is_file(text)


def is_printed(text: str) -> bool:
    """Is it what `print(model)` shows of a PyTorch model?

    >>> is_printed("Sequential(\\n  (0): ReLU()\\n)"), is_printed("input 3 @32\\nrelu")
    (True, False)
    """
    return _CHILD.search(text) is not None


def printed_text(name: str, piped: str | None) -> str:
    """The print of a model that came on standard input, or that a file has; "" where it is none."""
    if piped is None and not _is_file(name):
        return ""
    try:
        text = network_file(Path(name)) if piped is None else piped
    except OSError:
        return ""
    return text if is_printed(text) and len(text) <= LONGEST_FILE else ""


def network_file(path: Path) -> str:
    """The text of a file, as far as a network can be long."""
    with path.open("rb") as file:
        return file.read(LONGEST_FILE + 1).decode("utf-8", "replace")


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def refuse_foreign(name: str) -> None:
    """Raise SpecError where `name` ends as files do that are not ours, with the way to one that can be read.

    >>> refuse_foreign("my-net.txt")
    >>> try:
    ...     refuse_foreign("dummy.tflite")
    ... except SpecError as error:
    ...     print(error, "|", error.hint)
    dummy.tflite is a TensorFlow Lite model | make ONNX of it: python -m tf2onnx.convert --tflite dummy.tflite --output dummy.onnx
    """  # noqa: E501  a command is one line
    path = Path(name)
    known = KINDS.get(path.suffix.lower())
    if known is None:
        return
    what, command = known
    way = command.replace("NAME", path.stem if path.stem.isprintable() else "model")
    hint = f"name what is in it: {way}" if path.suffix.lower() == ".py" else f"make ONNX of it: {way}"
    raise SpecError(f"{clip(path.name)} is {what}", hint, name)


#: How many lines are looked at for what another program prints.
HEAD = 40


def refuse_print(text: str, file: str) -> None:
    """Raise NetworkError where the first lines of `text`, which has no input, are what another program prints.

    >>> refuse_print("standard 8 k3", "net.txt")
    >>> try:
    ...     refuse_print('Model: "sequential"', "net.txt")
    ... except NetworkError as error:
    ...     print(error, "|", error.hint)
    this is the head of a Keras summary, which has no kernel sizes | give ONNX of it: model.export('model.onnx', format='onnx') in Python
    """  # noqa: E501  a command is one line
    for number, line in enumerate(text.splitlines()[:HEAD], 1):
        found = recognised(line)
        if found is not None:
            way = next((way for what, way in _WAYS if what in found.message), found.hint)
            raise NetworkError(found.message, way, line, (found.start, found.end), file, number)


#: For whole models in notations that are not read: a word of what they are, and what to give instead.
_WAYS = (
    ("Keras", "give ONNX of it: model.export('model.onnx', format='onnx') in Python"),
    ("row of a summary", "paste all that print(model) shows"),
    ("of a YOLO", "give ONNX of it: model.export(format='onnx') in Python"),
    ("Caffe", "make ONNX of it: " + KINDS[".prototxt"][1].replace("NAME", "model")),
    ("darknet", "make ONNX of it: " + KINDS[".cfg"][1].replace("NAME", "model")),
)
