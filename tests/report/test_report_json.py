"""JSON as text: lines, and laid out for reading."""

from __future__ import annotations

import io
import json
import subprocess
import sys

from report.report_cases import LINES, compared, contradicted, one_layer, written
from tables import each

from convcost.answers.comparison import Layer, answer
from convcost.report import open_writer
from convcost.report.as_json import json_line, json_text
from convcost.report.documents import comparison_document, layer_document
from convcost.report.writers import Options
from convcost.spec import SpecError

#: One operation, several, and one that does not apply: the fast way and the others.
LAYERS = (*LINES, "8 @8x8x8 k3 bias 3d", "64:128 @56 k3 t s2")


@each("line", LAYERS)
def test_the_line_of_a_layer_is_its_document(line: str) -> None:
    """The fast way says the same, character by character."""
    layer = one_layer(line)
    assert json_line(layer) == json.dumps(layer_document(*layer), separators=(",", ":"))
    spec = layer.spec._replace(norm=True, activation="relu")
    several = Layer(spec, answer("as-given", spec))
    assert len(several.row.ops) == 3
    assert json_line(several) == json.dumps(layer_document(*several), separators=(",", ":"))


@each("line", LINES)
def test_both_layouts_say_the_same(line: str) -> None:
    """And numbers come back exactly, however large."""
    document = comparison_document(compared(line))
    read = json.loads(json.dumps(document))
    assert json.loads(json_line(compared(line))) == read
    assert json.loads(json_text(document)) == read
    assert json.loads(written("json", compared(line))) == read


def test_huge_integers_stay_exact() -> None:
    """No float, no exponent."""
    sizes = "999999999999999999"
    layer = one_layer(f"{sizes} @{sizes} k3")
    assert json.loads(json_line(layer))["params"] == int(sizes) ** 2 * 9


def test_a_batch_of_json_is_an_array_whatever_it_holds() -> None:
    """Of none, one or more; a line without an answer is not in it."""
    assert json.loads(written("json", batch=True)) == []
    assert len(json.loads(written("json", compared("8 @8 k3"), batch=True))) == 1
    file = io.StringIO()
    writer = open_writer("json", file, Options(batch=True))
    writer.begin()
    writer.error(SpecError("no", "yes", "x", 0, 1), 3)
    writer.answer(one_layer("8 @8 k3"))
    writer.end()
    (layer,) = json.loads(file.getvalue())
    assert layer["variant"] == "as-given"


def test_a_batch_of_lines_has_a_line_each_and_writes_it_at_once() -> None:
    """A mistake has its line too."""
    file = io.StringIO()
    writer = open_writer("ndjson", file, Options(batch=True))
    writer.begin()
    writer.answer(contradicted())
    assert file.getvalue().count("\n") == 1
    writer.error(SpecError("no"), 2)
    assert json.loads(file.getvalue().splitlines()[1])["error"]["line"] == 2


def test_what_is_laid_out_for_reading_has_no_overlong_lines() -> None:
    """The key in front may add some."""
    assert max(map(len, written("json", contradicted()).splitlines())) <= 120


def test_json_needs_neither_rich_nor_csv_nor_numpy() -> None:
    """They would cost more than the answer."""
    code = (
        "import io, sys\n"
        "from convcost.answers.comparison import compare_variants\n"
        "from convcost.spec import parse_spec\n"
        "from convcost.report import open_writer\n"
        "for format in ('json', 'ndjson'):\n"
        "    open_writer(format, io.StringIO()).answer(compare_variants(parse_spec('64:128 @56 k3')))\n"
        "print({'rich', 'csv', 'numpy', 'dataclasses', 'inspect'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
