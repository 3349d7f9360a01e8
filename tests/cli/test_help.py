"""Help: examples that run, topics on one screen, and what was meant."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from cli.examples import EXAMPLES, epilog, run_line
from cli.shell import examples
from needs import with_needs
from tables import each
from typer.main import get_command

from convcost.cli.main import COMMANDS, WELCOME, app
from convcost.cli.main import run as run_convcost
from convcost.cli.topics import TOPICS


@each("command", COMMANDS)
def test_every_command_has_an_example(command: str) -> None:
    """In the foot of its help."""
    assert [line for line in examples(epilog(command)) if f"convcost {command}" in line]


@each("command", COMMANDS)
def test_every_command_says_what_it_is_and_what_its_options_are_for(command: str) -> None:
    """In the group's help and in its own."""
    found = get_command(app).get_command(None, command)
    assert found.help
    assert all(p.help for p in found.params)


@pytest.mark.parametrize(
    ("command", "line"), [pytest.param(command, line, id=line, marks=with_needs(line)) for command, line in EXAMPLES]
)
def test_examples_in_help_run(command: str, line: str, tmp_path: Path) -> None:
    """Each as it stands there, in a folder that has its input; those that a shell has a part in, in a shell."""
    for folder in (".local/share/bash-completion/completions", ".config/fish/completions"):
        (tmp_path / folder).mkdir(parents=True)
    prepare = getattr(import_module(f"convcost.cli.{command}"), "EXAMPLE_FILES", {})
    for name, text in prepare.items():
        (tmp_path / name).write_text(text)
    code, said = run_line(line, tmp_path)
    assert code == 0, said


def test_the_welcome_has_three_examples_that_run(tmp_path: Path) -> None:
    """As they stand there."""
    lines = [line.split("   ")[0] for line in examples(WELCOME)]
    assert [run_line(line, tmp_path)[0] for line in lines] == [0, 0, 0]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_fits_on_one_screen(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    """80 columns and, with the prompts around it, 24 lines."""
    assert run_convcost(["help", topic]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 22
    assert max(map(len, lines)) <= 80


def test_the_notation_on_one_screen_names_every_token() -> None:
    """Nothing that the reader takes is left out."""
    from convcost.spec.tokens import STARTS, WORDS

    words = TOPICS["spec"].text.replace(";", " ").split()
    for start in STARTS:
        assert [word for word in words if word.startswith(start)], start
    assert set(WORDS) - {"2d"} <= set(words)


def test_help_lists_the_topics(capsys: pytest.CaptureFixture[str]) -> None:
    """One a line."""
    assert run_convcost(["help"]) == 0
    out = capsys.readouterr().out
    assert all(f"convcost help {topic}" in out for topic in TOPICS)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["help", "spce"], "did you mean spec?"),
        (["help", "compare"], "'convcost compare --help'"),
        (["completion", "zhs"], "did you mean zsh?"),
        (["lyer", "64"], "did you mean layer?"),
        (["compare", "64", "--varants", "standard"], "--variants"),
    ],
)
def test_what_was_meant_is_named(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands, options, topics, shells."""
    assert run_convcost(words) == 2
    assert says in capsys.readouterr().err
