"""What is held against something: a layer, a network, a file of a git revision, an answer in JSON, all by one text."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..answers.network import ADDITIVE, NetworkAnswer, VerifyNetwork, answer_network, not_rebuilt
from ..answers.opening import Asked, Opened, find_network
from ..conventions.opening import is_layer
from ..networks.single import read_single
from ..spec.errors import SpecError, clip
from ..spec.records import NamedTuple

#: The words that can be held against something, all whole numbers.
WORDS = (*ADDITIVE, "peak_bytes")

#: Endings of files that a git revision may have: what else stands behind a colon is a module.
ENDINGS = (".txt", ".onnx", ".json")

Words = dict[str, int | None]


class Part(NamedTuple):
    """An operation, or a variant of a comparison: its name, its kind and its words."""

    name: str
    kind: str
    words: Words


class Subject(NamedTuple):
    """Something with numbers: its totals, empty for a comparison, which has none, and its parts.

    `peak` names the operation where most memory is alive; `unknown` the operations that are not counted; `status` is
    how it was verified.
    """

    name: str
    total: Words
    parts: tuple[Part, ...]
    input: tuple[int, ...]
    dtype: str
    status: str = "skipped"
    peak: str = ""
    unknown: tuple[str, ...] = ()


class Ways(NamedTuple):
    """How a subject is counted: relative files are those of `folder`, `tell` hears what is worth knowing."""

    folder: Path = Path()
    inplace: bool = True
    verify: VerifyNetwork | None = None
    tell: Callable[[str], None] = lambda _: None


def read_subject(text: str, ways: Ways = Ways()) -> Subject:  # noqa: B008  a record of defaults, never written to
    """What `text` names: a layer, a network with what is said of its input, `HEAD~1:net.txt`, or an answer in JSON.

    >>> read_subject("resnet18 @192").total["params"], read_subject("64:128 @56 k3").total["macs"]
    (11689512, 231211008)
    >>> read_subject("mobilenet-v1 width=0.5").total["params"]
    1331592

    Raises SpecError where there is none.
    """
    words = text.split()
    if not words:
        raise SpecError("there is nothing to count", "name a network, a file or a layer", text or " ", 0, 1)
    revision = _revision(words[0], ways.folder)
    if revision:
        with _of_git(*revision, ways.folder) as path:
            return read_subject(" ".join([path, *words[1:]]), ways)._replace(name=text)
    if words[0].endswith(".json"):
        return _answered(ways.folder / words[0], text)
    found = _opened(text, words, ways)
    return subject_of(answer_network(found.network, ways.inplace, ways.verify, found.rebuild))._replace(name=text)


def subject_of(answer: NetworkAnswer) -> Subject:
    """The numbers of a network that was answered; those that are not known, of which some is missing, are None."""
    unknown = tuple([missing.op for missing in answer.network.unknown])
    complete = ("params", "weight_bytes") if answer.network.params_complete else ()
    total = {word: answer.total[word] if not unknown or word in complete else None for word in WORDS}
    parts = [Part(layer.name, layer.kind, {w: layer.words.get(w) for w in WORDS}) for layer in answer.layers]
    graph, verified = answer.network.graph, answer.verified
    status = verified.status if verified else "skipped"
    return Subject(answer.network.name, total, tuple(parts), graph.input_shape, graph.dtype, status,
                   answer.peak.layer, unknown)  # fmt: skip


def _opened(text: str, words: list[str], ways: Ways) -> Opened:
    whole = ways.folder / words[0]
    if is_layer(words[0]) and not whole.is_file() and not _is_module(words[0]):
        return Opened(read_single(text), not_rebuilt)
    asked, tokens = Asked(), []
    for word in words[1:]:
        name, _, value = word.partition("=")
        if name == "width" and value:
            asked = asked._replace(width=value)
        elif name == "depth" and value:
            asked = asked._replace(depth=value)
        else:
            tokens.append(word)
    place = words[0].partition(":")[0]
    in_folder = whole.is_file() or (ways.folder / place).is_file()
    return find_network(str(whole) if in_folder else words[0], " ".join(tokens), asked, tell=ways.tell)


def _is_module(word: str) -> bool:
    from ..networks.foreign import is_module_name

    return is_module_name(word)


def _revision(word: str, folder: Path) -> tuple[str, str] | None:
    """The revision and the path of a word such as HEAD~1:net.txt; None where it is no such thing."""
    revision, _, path = word.partition(":")
    if not revision or not path.lower().endswith(ENDINGS) or (folder / word).exists():
        return None
    return None if len(revision) == 1 and path.startswith("\\") else (revision, path)


@contextmanager
def _of_git(revision: str, path: str, folder: Path) -> Iterator[str]:
    """A file as it is in a revision, beside nothing else; the path is seen from the folder, or from the root."""
    place = f"{revision}:{path}"
    found = _git(folder, "show", f"{revision}:./{path}")
    found = found if found.returncode == 0 else _git(folder, "show", place)
    if found.returncode:
        known = _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").returncode == 0
        what = f"there is no {clip(path)} in {revision}" if known else f"git knows no revision {clip(revision)!r}"
        start = len(revision) + 1 if known else 0
        end = len(place) if known else len(revision)
        raise SpecError(what, "'git log --oneline' lists revisions, 'git ls-tree -r REV' files", place, start, end)
    with TemporaryDirectory() as aside:
        file = Path(aside, Path(path).name)
        file.write_bytes(found.stdout)
        yield str(file)


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except OSError:
        raise SpecError("git is not there", "install it, or name a file", words[-1]) from None


def _answered(path: Path, text: str) -> Subject:
    """The numbers in an answer in JSON, of a network, of a layer, or of a comparison."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no JSON"
        raise SpecError(f"{clip(str(path))} cannot be read: {why}", "", text) from None
    rows = {"layers": "op", "rows": "variant", "ops": "op"}
    key = next((key for key in rows if isinstance(document, dict) and key in document), None)
    if key is None or not all([isinstance(row, dict) for row in document[key]]):
        hint = "convcost network, layer and compare write such with --format json"
        raise SpecError(f"{clip(str(path))} is no answer about a network or a layer", hint, text)
    whole = _words(document.get("total", document)) if key != "rows" else {}
    unknown = tuple([one["op"] for one in document.get("unknown", [])])
    if unknown:
        kept = ("params", "weight_bytes") if document.get("params_complete") else ()
        whole = {word: whole[word] if word in kept else None for word in WORDS}
    parts = [Part(row.get("name", row.get("variant", "")), row[rows[key]], _words(row)) for row in document[key]]
    spec = document.get("spec", {})
    size = document.get("input") or [spec.get("batch", 1), spec.get("in_channels", 0), *spec.get("input_size", [])]
    status, dtype = (
        document.get("verified", {}).get("status", "skipped"),
        document.get("dtype") or spec.get("dtype", ""),
    )
    return Subject(
        text, whole, tuple(parts), tuple(size), dtype, status, document.get("peak", {}).get("layer", ""), unknown
    )


def _words(row: dict[str, Any]) -> Words:
    return {word: row[word] if type(row.get(word)) is int else None for word in WORDS}
