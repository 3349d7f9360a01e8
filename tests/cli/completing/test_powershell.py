"""The script for PowerShell, read by a real grammar: that it parses, what it registers, and all the data in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import tree_sitter
import tree_sitter_powershell
import typer
from cli.completing.terminal import SCRIPTS
from tables import each

from convcost.cli.completing import SHELLS, Tree, read_tree
from convcost.cli.completing.tokens import CHANNEL_PAIR, channel_starts, first_tokens, kinds, starts
from convcost.cli.completing.tree import choices, depth, positions
from convcost.cli.main import app

SOURCE = (SCRIPTS / SHELLS["powershell"]).read_bytes()

#: Ways to break it, each of which the grammar must see.
BREAKS = [
    (b"    }\n}\n", b"    }\n"),
    (b"$option = ''\n", b"$option = '\n"),
    (b"if ($drop) {", b"if ($drop {"),
    (b"foreach ($kind in", b"foreach ($kind of"),
    (b"'k3|kernel size', ", b"'k3|kernel size', , ("),
]

#: What PowerShell would take otherwise than it is meant, and why.
TRAPS = {
    "a typed word as a wildcard pattern: [ in it is an error": r"like\s+[\"$]|-Path\b",
    "a culture's idea of how a word begins": r"(Starts|Ends)With\([^,()]*\)",
    "a function that is gone when the script was not dot-sourced": r"(?m)^function|script:|global:",
    "a separator of the user's own ($OFS)": r"\"[^\"\n]*\$taken\b(?! -join)",
    "what Windows PowerShell reads as other characters": r"[^\x00-\x7f]",
}


def parse(source: bytes) -> tree_sitter.Node:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language())).parse(source).root_node


def walk(node: tree_sitter.Node, kind: str) -> Iterator[tree_sitter.Node]:
    """All nodes of a kind at and below `node`, in their order."""
    if node.type == kind:
        yield node
    for child in node.children:
        yield from walk(child, kind)


def text(node: tree_sitter.Node) -> str:
    assert node.text is not None
    return node.text.decode()


def strings(node: tree_sitter.Node) -> list[str]:
    """The verbatim strings at and below `node`, as PowerShell reads them."""
    return [text(found)[1:-1].replace("''", "'") for found in walk(node, "verbatim_string_characters")]


def entries(node: tree_sitter.Node) -> list[tuple[str, ...]]:
    """The candidates at and below `node`, each with its help."""
    return [tuple(found.rsplit("|", 1)) for found in strings(node) if re.fullmatch(r"[^|(\[]+\|[^|]*", found)]


def plain(help: str) -> str:
    """As the script has it, in ASCII."""
    for sign, ascii_sign in {"’": "'", "”": '"', "×": "x", "–": "-", "…": "..."}.items():
        help = help.replace(sign, ascii_sign)
    return help


@pytest.fixture(scope="module")
def root() -> tree_sitter.Node:
    return parse(SOURCE)


@pytest.fixture(scope="module")
def clauses(root: tree_sitter.Node) -> dict[str, tree_sitter.Node]:
    """What is done in each case of the switches, by the case; no two are the same."""
    found = [(strings(clause.children[0]), clause.children[-1]) for clause in walk(root, "switch_clause")]
    named = {case[0]: block for case, block in found if case}
    assert len(named) == len([case for case, _ in found if case])
    return named


@pytest.fixture(scope="module")
def tree() -> Tree:
    return read_tree(typer.main.get_command(app))


def test_it_parses(root: tree_sitter.Node) -> None:
    """Without an error, and without anything that the grammar had to add."""
    assert not root.has_error


@pytest.mark.parametrize(("good", "bad"), BREAKS, ids=[bad.decode() for _, bad in BREAKS])
def test_the_grammar_sees_what_is_broken(good: bytes, bad: bytes) -> None:
    """So the test above can fail."""
    assert SOURCE.count(good)
    assert parse(SOURCE.replace(good, bad)).has_error


def test_it_registers_one_native_completer(root: tree_sitter.Node) -> None:
    """That is the only statement, and its block has the parameters of a native completer, in their order."""
    (statements,) = [child for child in root.children if child.type == "statement_list"]
    (statement,) = statements.children
    command = next(walk(statement, "command"))
    elements = [part for part in command.children[1].children if part.type != "command_argument_sep"]
    assert [text(command.children[0]), *map(text, elements[:-1])] == [
        "Register-ArgumentCompleter", "-Native", "-CommandName", "'convcost'", "-ScriptBlock"
    ]  # fmt: skip
    block = next(walk(elements[-1], "script_block"))
    assert text(block.children[0]) == "param($wordToComplete, $commandAst, $cursorPosition)"


def test_commands_and_options_are_those_of_the_tree(clauses: dict[str, tree_sitter.Node], tree: Tree) -> None:
    """Each with its help."""
    assert entries(clauses["^:$"]) == [(command.name, plain(command.help)) for command in tree.commands]
    for name, options in [("", tree.options), *[(command.name, command.options) for command in tree.commands]]:
        told = [(spelling, plain(option.help)) for option in options for spelling in option.names]
        assert entries(clauses[name]) == told


def test_values_are_those_of_the_tree(clauses: dict[str, tree_sitter.Node], tree: Tree) -> None:
    """At each place: names, with their help, lists, specs, and endings of files."""
    cases = {case: block for case, block in clauses.items() if case[:1] == "^" and "$found" in text(block)}
    for choice in [*choices(tree), *positions(tree)]:
        for place in choice.places:
            (block,) = [block for case, block in cases.items() if re.search(case, place)]
            values = choice.values
            assert entries(block) == [(name, plain(help)) for name, help in values.names], place
            assert ("$list = $true" in text(block)) == values.is_list, place
            assert ("Get-ConvcostSpec" in text(block)) == values.is_spec, place
            files = text(block).partition("Get-ConvcostFile ")[2]
            assert re.findall(r"'([^']*)'", files) == list(values.endings), place


def test_a_place_counts_as_far_as_the_script_counts(root: tree_sitter.Node, tree: Tree) -> None:
    """An argument beyond is taken for the last one counted."""
    assert f"if ($position -lt {depth(tree)}) {{ $position++ }}" in text(root)


def test_tokens_are_those_of_the_notation(root: tree_sitter.Node, clauses: dict[str, tree_sitter.Node]) -> None:
    """Their starts, typical values, help, and what is left out once they are given."""
    functions = {text(found.children[1]): found for found in walk(root, "function_statement")}
    told = [(candidate.text, plain(candidate.help)) for candidate in (*channel_starts(), CHANNEL_PAIR, *first_tokens())]
    assert entries(functions["Get-ConvcostToken"]) == told
    for start, (help, values) in starts().items():
        assert strings(clauses[f"{start}*"]) == [start, *values, help]
    assert [found for found in strings(functions["Get-ConvcostSpec"]) if len(found) > 1] == kinds()


def test_no_candidate_is_without_text(root: tree_sitter.Node) -> None:
    """PowerShell raises an error for a candidate with an empty text or tooltip, and then shows none at all."""
    assert all([name for name, *_ in entries(root)])
    assert "if (-not $help) { $help = $text }" in text(root)


def test_what_powershell_would_not_take_as_a_word_is_quoted(root: tree_sitter.Node) -> None:
    """@56 is a variable to splat, and a comma makes a list; all else that is offered goes without quotes."""
    (special,) = [found for found in strings(root) if found.startswith("[\\s'")]
    quoted = {name for name, *_ in entries(root) if re.search(special, name)}
    assert quoted == {"@"}
    assert all([re.search(special, word) for word in ("@56", "my file.csv", "a,b", "it's", "a;b", "$x", "a&b")])


@each("trap", TRAPS)
def test_it_keeps_out_of_traps(trap: str) -> None:
    """Each was, or nearly was, in the script once."""
    assert not re.search(TRAPS[trap], SOURCE.decode())
