"""A format is one file and one row: the option, the ending, completion and help know it at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cli.bounded import Runner

import convcost

OURS = '''
"""Documents as lines of `key: value`."""

from .documents import document_of
from .writers import Writer


class KeysWriter(Writer):
    """The params of each row."""

    def answer(self, result):
        for row in document_of(result)["rows"]:
            self.file.write(f"{row['variant']}: {row['params']}\\n")

    def document(self, document, table, fields, rows):
        self.file.write("".join([f"{key}: {value}\\n" for key, value in document.items()]))
'''

ROW = '        Format("keys", ".keys", "a key and its value a line", "as_keys", "KeysWriter"),\n'


@cache
def runner_of(place: Path) -> Runner:
    """Commands of the copy, each in a copy of one process."""
    return Runner(root=place)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the package with that file and that row in it."""
    folder = tmp_path_factory.mktemp("with_ours")
    shutil.copytree(Path(convcost.__file__).parent, folder / "convcost")
    report = folder / "convcost" / "report"
    (report / "as_keys.py").write_text(OURS, "utf-8")
    table = (report / "formats.py").read_text("utf-8")
    first = table.index("        Format(")
    (report / "formats.py").write_text(table[:first] + ROW + table[first:], "utf-8")
    yield folder
    runner_of(folder).close()


def told(place: Path, *words: str) -> str:
    done = runner_of(place)([*words], folder=place)
    assert done.code == 0, done.err
    return done.out


def test_answers_and_documents_are_written_in_it(place: Path) -> None:
    compare = ("compare", "8:16", "@9x7", "k3", "--variants", "standard", "--no-verify")
    assert told(place, *compare, "--format", "keys") == "standard: 1152\n"
    assert told(place, "variants", "--format", "keys").startswith("schema: convcost/")


def test_the_ending_of_a_file_means_it(place: Path) -> None:
    told(place, "compare", "8:16", "@9x7", "k3", "--variants", "standard", "-o", "costs.keys")
    assert (place / "costs.keys").read_text("utf-8") == "standard: 1152\n"


def test_completion_and_help_know_it(place: Path) -> None:
    assert "a key and its value a line" in told(place, "completion", "fish")
    assert "  keys      .keys     a key and its value a line" in told(place, "help", "formats")
