"""The script for fish: the help stands beside each candidate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .tokens import CHANNEL_PAIR, CHANNELS, JOINED, channel_starts, first_tokens, kinds, outside, starts
from .tree import Choice, Tree, choices, depth, fill, named, positions, repeatable, spellings
from .values import INSIDE, OF_NETWORKS, Candidate, Values

_SCRIPT = r"""# fish completion for convcost, made by `convcost completion fish`: do not edit.

# Candidates for a token of a spec, but for what is given already -> `found`. Arguments: how tokens begin that do not
# belong, and names that may stand before the spec.
function __convcost_spec --no-scope-shadowing
    set -l drop $argv[1]
    for kind in @KINDS@
        string match -qr -- " ($kind)" " $taken "; and set drop (string trim -l -c '|' -- "$drop|$kind")
    end
    set -l start
    set -l values
    set -l help
    if string match -qr '^[0-9]+:' -- $want
        set found (string replace -r ':.*' ':' -- $want)@OUT_CHANNELS@\t'out channels'
    else if string match -qr '^[0-9]+$' -- $want
        set found @FIRST_CHANNELS@
    else
        switch "$want"
@STARTS@
        end
        if string match -qr '^(@JOINED@)[0-9].*x' -- $want
            set found (string replace -r '[^x]*$' '' -- $want)(string match -v -- '*x*' $values)\t$help
        else
            test -z "$want"; and set found @PAIR@
            set -a found @FIRST@ $start$values\t$help
            test -z "$drop"; and set -a found $argv[2..-1]
        end
    end
    test -n "$drop"; and set found (string match -rv -- "^($drop)" $found)
end

# Files whose names end as given, and folders.
function __convcost_files --no-scope-shadowing
    for name in $want*
        if test -d $name
            set -a found $name/
        else
            for ending in $argv
                string match -q -- "*$ending" $name; and set -a found $name
            end
        end
    end
end

function __convcost_options --no-scope-shadowing
    switch "$command"
        case ''
            set found @OPTIONS@
@COMMAND_OPTIONS@
    end
end

function __convcost_values --no-scope-shadowing
    switch "$command:$option"
@VALUES@
        case ':'
            set found @COMMANDS@
        case '*:'
            switch "$command:$position"
@POSITIONS@
            end
    end
end

# The convolutions of the network that the line names.
function __convcost_layers --no-scope-shadowing
    test -n "$network"; and set -a found (convcost completion --layers $network 2>/dev/null)
end

# Names that may follow one another behind commas.
function __convcost_list --no-scope-shadowing
    set found $argv
    set before $before(string replace -r '[^,]*$' '' -- "$want")
    set taken (string split , -- $want)[1..-2]
end

# The words before the cursor -> `command`, `option` if it waits for its value, and `taken`: what need not be offered
# again. Then everything that may stand where the cursor is.
function __convcost_complete
    set -l words (commandline -opc)
    set -l want (commandline -ct)
    set -l command ''
    set -l option ''
    set -l position 1
    set -l network ''
    set -l before ''
    set -l taken
    set -l found
    for word in $words[2..-1]
        if test -n "$option"
            test "$option" = @INSIDE@; and set network $word
            set option ''
        else if string match -q -- '-?*' $word
            contains -- "$command:$word" @PLACES@; and set option $word
            string match -q -- '@INSIDE@=*' $word; and set network (string replace -r '^[^=]*=' '' -- $word)
            set word (string replace -r '=.*' '' -- $word)
            switch "$command:$word"
@SPELLED@
                case '*'
                    set -a taken $word
            end
        else if test -n "$command"
            string match -qr '^(@OF_NETWORKS@):1$' -- "$command:$position"; and set network $word
            test $position = @DEPTH@; or set position (math $position + 1)
            set -a taken $word
        else
            set command $word
        end
    end
    if test -z "$option"; and string match -q -- '--*=*' $want
        set option (string replace -r '=.*' '' -- $want)
        set want (string replace -r '^[^=]*=' '' -- $want)
        set before "$option="
    end
    if test -z "$option"; and string match -q -- '-*' $want
        __convcost_options
    else
        __convcost_values
    end
    set taken (string escape --style=regex -- $taken | string join '|')
    printf '%s\n' $before(string match -rv -- "^($taken)(\t|\$)" $found)
end

complete -c convcost -f -a '(__convcost_complete)'
"""


def script(tree: Tree) -> str:
    """The script: one function that answers for every place, since fish asks each condition of a completion."""
    commands = [Candidate(command.name, command.help) for command in tree.commands]
    return fill(_SCRIPT, {
        "KINDS": " ".join(map(_quoted, kinds())),
        "OUT_CHANNELS": f"{{{','.join(map(str, CHANNELS))}}}",
        "FIRST_CHANNELS": _entries(channel_starts()),
        "STARTS": "\n".join([_start(start, *values) for start, values in starts().items()]),
        "JOINED": "|".join(JOINED),
        "PAIR": _entries([CHANNEL_PAIR]),
        "FIRST": _entries(first_tokens()),
        "OPTIONS": _entries(named(tree.options)),
        "COMMAND_OPTIONS": "\n".join([
            _case([c.name], f"set found {_entries(named(c.options))}", 8) for c in tree.commands
        ]),
        "VALUES": "\n".join([_arm(choice, 8) for choice in choices(tree)]),
        "COMMANDS": _entries(commands),
        "POSITIONS": "\n".join([_arm(choice, 16) for choice in positions(tree)]),
        "PLACES": " ".join([place for choice in choices(tree) for place in choice.places]),
        "SPELLED": "\n".join(_spelled(tree)),
        "DEPTH": str(depth(tree)),
        "INSIDE": INSIDE,
        "OF_NETWORKS": "|".join(OF_NETWORKS),
    })  # fmt: skip


def _spelled(tree: Tree) -> Iterator[str]:
    """What is taken once an option is there: all its spellings; nothing, if it may be given again."""
    yield from [_case([place], "", 16) for place in repeatable(tree)]
    for names in spellings(tree):
        yield _case([f"'*:{name}'" for name in names], f"set -a taken {' '.join(names)}", 16)


def _arm(choice: Choice, indent: int) -> str:
    return _case(choice.places, _action(choice.values), indent)


def _case(places: Iterable[str], action: str, indent: int) -> str:
    return f"{' ' * indent}case {' '.join(places)}" + (f"\n{' ' * (indent + 4)}{action}" if action else "")


def _action(values: Values) -> str:
    layers = ["__convcost_layers"] if values.layers else []
    if values.is_spec:
        return "; ".join(
            [f"__convcost_spec {_quoted(outside(values.fields))} {_entries(values.names)}".rstrip(), *layers]
        )
    parts = [f"{'__convcost_list' if values.is_list else 'set found'} {_entries(values.names)}"] if values.names else []
    endings = [ending or _quoted("") for ending in values.endings]
    parts += [f"__convcost_files {' '.join(endings)}"] if endings else []
    return "; ".join(parts + layers)


def _entries(candidates: Iterable[Candidate]) -> str:
    return " ".join([f"{c.text}\\t{_quoted(c.help)}" if c.help else c.text for c in candidates])


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "’") + "'"


def _start(start: str, help: str, values: list[str]) -> str:
    return (
        f"            case '{start}*'\n                set start {start}\n"
        f"                set values {' '.join(values)}\n                set help '{help}'"
    )
