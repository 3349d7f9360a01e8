"""The script for fish: the help stands beside each candidate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .tokens import CHANNEL_PAIR, CHANNELS, JOINED, channel_starts, first_tokens, starts
from .tree import Option, Tree, choices, positions
from .values import Candidate, Values

_SCRIPT = r"""# fish completion for convcost, made by `convcost completion fish`: do not edit.

# Print the command, and the number of the argument that is being typed.
function __convcost_where
    set -l words (commandline -opc)
    set -l command ''
    set -l position 1
    set -l waits 0
    for word in $words[2..-1]
        if test $waits = 1
            set waits 0
        else if string match -q -- '-?*' $word
            contains -- "$command:$word" @PLACES@; and set waits 1
        else if test -n "$command"
            set position (math $position + 1)
        else
            set command $word
        end
    end
    echo $command
    echo $position
end

# Is this one of the places named: command:position, or command:position+ for all from there on?
function __convcost_at
    set -l where (__convcost_where)
    for place in $argv
        set -l parts (string split : -- $place)
        test "$parts[1]" = "$where[1]"; or continue
        test "$parts[2]" = "$where[2]"; and return
        string match -q -- '*+' $parts[2]; and test $where[2] -ge (string trim -c + -- $parts[2]); and return
    end
    return 1
end

# Print candidates, each behind what stands before the last comma.
function __convcost_list
    set -l token (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l before (string replace -r '[^,]*$' '' -- "$token")
    printf '%s\n' $before$argv
end

# Print files of some endings, and folders.
function __convcost_files
    set -l token (commandline -ct | string replace -r '^--[^=]*=' '')
    for name in $token*
        if test -d $name
            printf '%s/\n' $name
        else
            for ending in $argv
                string match -q -- "*$ending" $name; and printf '%s\n' $name
            end
        end
    end
end

# Print candidates for a token of a spec.
function __convcost_spec
    set -l want (commandline -ct)
    set -l start
    set -l values
    set -l help
    if string match -qr '^[0-9]+:' -- $want
        set -l before (string replace -r ':.*' ':' -- $want)
        printf '%s\tout channels\n' $before@OUT_CHANNELS@
        return
    else if string match -qr '^[0-9]+$' -- $want
        printf '%s\n' @FIRST_CHANNELS@
        return
    end
    switch "$want"
@STARTS@
    end
    if string match -qr '^(@JOINED@)[0-9].*x' -- $want
        set -l before (string replace -r '[^x]*$' '' -- $want)
        printf "%s\t$help\n" $before(string match -v -- '*x*' $values)
        return
    end
    test -z "$want"; and printf '%s\n' @PAIR@
    printf '%s\n' @FIRST@
    test -n "$start"; and printf "%s\t$help\n" $start$values
end

complete -c convcost -f
"""


def script(tree: Tree) -> str:
    """The script: functions, then a line for each thing that can be completed."""
    parts = {
        "PLACES": " ".join([place for choice in choices(tree) for place in choice.places]),
        "OUT_CHANNELS": f"{{{','.join(map(str, CHANNELS))}}}",
        "FIRST_CHANNELS": _entries(channel_starts()),
        "STARTS": "\n".join([_start(start, *values) for start, values in starts().items()]),
        "JOINED": "|".join(JOINED),
        "PAIR": _entries([CHANNEL_PAIR]),
        "FIRST": _entries(first_tokens()),
    }
    text = _SCRIPT
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text + "".join([line + "\n" for line in _lines(tree)])


def _lines(tree: Tree) -> Iterator[str]:
    yield from _options(":1+", tree.options)
    commands = [Candidate(command.name, command.help) for command in tree.commands]
    yield _line(":1+", f"-a {_argument(_entries(commands))}")
    for choice in positions(tree):
        places = " ".join(choice.places)
        yield from [_line(places, part) for part in _values(choice.values, "")]
    for command in tree.commands:
        yield from _options(f"{command.name}:1+", command.options)


def _options(place: str, options: Iterable[Option]) -> Iterator[str]:
    for option in options:
        spelled = " ".join([f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names])
        spelled += f" -d {_quoted(option.help)}"
        if option.values is None:
            yield _line(place, spelled)
            continue
        for part in _values(option.values, option.help) or [""]:
            yield _line(place, f"{spelled} -x {part}".rstrip())


def _line(places: str, rest: str) -> str:
    return f'complete -c convcost -n "__convcost_at {places}" {rest}'


def _values(values: Values, help: str) -> list[str]:
    if values.is_spec:
        return ["-a '(__convcost_spec)'"]
    entries = _entries([Candidate(c.text, c.help or help) for c in values.names])
    parts = [f"-a {_argument(f'(__convcost_list {entries})' if values.is_list else entries)}"] if values.names else []
    return parts + ([f"-a '(__convcost_files {' '.join(map(_bare, values.endings))})'"] if values.endings else [])


def _entries(candidates: Iterable[Candidate]) -> str:
    return " ".join([f"{c.text}\\t{_quoted(c.help)}" if c.help else c.text for c in candidates])


def _argument(text: str) -> str:
    """The text as one word of fish, which reads its own quotes again when it completes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


def _bare(ending: str) -> str:
    return ending or '""'


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "’") + "'"


def _start(start: str, help: str, values: list[str]) -> str:
    return (
        f"        case '{start}*'\n            set start {start}\n"
        f"            set values {' '.join(values)}\n            set help '{help}'"
    )
