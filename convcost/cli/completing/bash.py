"""The script for bash, 3.2 and later: no helper library, no process started but for file names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .tokens import CHANNELS, JOINED, channel_starts, first_tokens, kinds, outside, starts
from .tree import Choice, Tree, choices, depth, fill, named, positions, repeatable, spellings
from .values import INSIDE, OF_NETWORKS, Candidate, Values

_SCRIPT = r"""# bash completion for convcost, made by `convcost completion bash`: do not edit.

# Candidates for a token of a spec: `found`, each to be put behind `base`; `drop`: what may not follow what is given.
# Arguments: how tokens begin that do not belong, and names that may stand before the spec.
_convcost_spec() {
    local start= value values= kind given
    drop=$1
    for kind in @KINDS@; do
        given=" ($kind)"
        [[ $taken =~ $given ]] && drop+=${drop:+|}$kind
    done
    if [[ $want =~ ^[0-9]+: ]]; then
        base=${want%%:*}: want=${want#*:} found=(@CHANNELS@)
        return
    elif [[ $want =~ ^[0-9]+$ ]]; then
        found=(@FIRST_CHANNELS@)
        return
    fi
    found=(@FIRST@)
    [[ $drop ]] || found+=("${@:2}")
    case $want in
        '') found+=(64:128) ;;
@STARTS@
    esac
    [[ $start ]] || return
    case $start:${want#"$start"} in
        @JOINED@)
            start= base=${want%x*}x want=${want##*x} found=()
            values=" $values " values=${values// [0-9]x[0-9]/} ;;
    esac
    for value in $values; do found+=("$start$value"); done
}

# The words before the cursor -> `command`, `option` if it waits for its value, `position` of the next argument (at
# most @DEPTH@), and all that need not be offered again, between spaces: `taken`.
_convcost_where() {
    local word
    for word in "$@"; do
        if [[ $option ]]; then
            [[ $option == @INSIDE@ ]] && network=$word
            option=
        elif [[ $word == -?* ]]; then
            case $command:$word in
                @PLACES@) option=$word ;;
                *:@INSIDE@=*) network=${word#*=} ;;
            esac
            case $command:${word%%=*} in
@SPELLED@
                *) taken+="${word%%=*} " ;;
            esac
        elif [[ $command ]]; then
            [[ $command:$position =~ ^(@OF_NETWORKS@):1$ ]] && network=$word
            position=$((position < @DEPTH@ ? position + 1 : @DEPTH@))
            taken+="$word "
        else
            command=$word
        fi
    done
}

# Candidates for the place where the cursor is.
_convcost_candidates() {
    case $command:$option in
@VALUES@
        :) found=(@COMMANDS@) ;;
        *:)
            case $command:$position in
@POSITIONS@
            esac ;;
    esac
}

_convcost_options() {
    case $command in
        '') found=(@OPTIONS@) ;;
@COMMAND_OPTIONS@
    esac
}

_convcost() {
    local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} command= option= position=1 list= files= base= want candidate
    local network= layers=
    local taken=' ' drop=
    local -a words found
    read -r -a words <<<"$line"
    want=${line##*[[:space:]]}
    [[ $want ]] && unset "words[${#words[@]}-1]"
    while [[ ${#words[@]} -gt 0 && ${words[0]##*/} != convcost* ]]; do words=("${words[@]:1}"); done
    _convcost_where "${words[@]:1}"
    local typed=$want
    if [[ ! $option && $want == --*=* ]]; then
        option=${want%%=*} base=${want%%=*}= want=${want#*=}
    fi
    if [[ ! $option && $want == -* ]]; then
        _convcost_options
    else
        _convcost_candidates
    fi
    if [[ $layers && $network ]]; then
        found+=($(convcost completion --layers "$network" 2>/dev/null))
    fi
    if [[ $list && $want == *,* ]]; then
        base+=${want%,*}, want=${want##*,}
        taken=" ${base//[=,]/ } "
    fi

    # What bash replaces begins behind the last character at which it breaks words; @ begins a word of its own.
    local kept=${typed%"${typed##*[:=@]}"}
    local last=${kept:${#kept}-1}
    [[ $last && $COMP_WORDBREAKS == *"$last"* ]] || kept=
    [[ $last == @ ]] && kept=${kept%@}
    COMPREPLY=()
    drop="^($drop)"
    for candidate in "${found[@]}"; do
        [[ $candidate == "$want"?* || $candidate == "$want" && $candidate != *[=@] ]] || continue
        [[ $taken == *" $candidate "* || $drop != '^()' && "$base$candidate " =~ $drop ]] && continue
        candidate=$base$candidate
        COMPREPLY+=("${candidate#"$kept"}")
    done
    if [[ ${#COMPREPLY[@]} -eq 1 && ( $list || ${COMPREPLY[0]} == *[=:@] ) ]]; then
        compopt -o nospace 2>/dev/null
    fi
    if [[ $files ]]; then _convcost_files; fi
}

# Files whose names end as `files` says, and folders.
_convcost_files() {
    local name ending IFS=$'\n'
    compopt -o filenames 2>/dev/null
    for name in "$want"*; do
        name=${base#"$kept"}$name
        [[ -d $name ]] && COMPREPLY+=("$name")
        IFS=' '
        for ending in $files; do
            [[ -f $name && $name == *"$ending" ]] && COMPREPLY+=("$name")
        done
    done
}

complete -F _convcost convcost
"""


def script(tree: Tree) -> str:
    """The script; every word in it is a plain one, so that none needs quotes."""
    parts = {
        "CHANNELS": _words(map(str, CHANNELS)),
        "FIRST_CHANNELS": _names(channel_starts()),
        "FIRST": _names(first_tokens()),
        "KINDS": _quoted(kinds()),
        "STARTS": _starts(),
        "JOINED": "|".join([f"{start}:[0-9]*x*" for start in JOINED]),
        "PLACES": "|".join([place for choice in choices(tree) for place in choice.places]),
        "DEPTH": str(depth(tree)),
        "INSIDE": INSIDE,
        "OF_NETWORKS": "|".join(OF_NETWORKS),
        "SPELLED": "\n".join(_spelled(tree)),
        "VALUES": "\n".join([_arm(choice, " " * 8) for choice in choices(tree)]),
        "COMMANDS": _words([command.name for command in tree.commands]),
        "POSITIONS": "\n".join([_arm(choice, " " * 16) for choice in positions(tree)]),
        "OPTIONS": _names(named(tree.options)),
        "COMMAND_OPTIONS": "\n".join(
            [f"        {c.name}) found=({_names(named(c.options))}) ;;" for c in tree.commands]
        ),
    }
    return fill(_SCRIPT, parts)


def _words(words: Iterable[str]) -> str:
    return " ".join(words)


def _names(candidates: Iterable[Candidate]) -> str:
    return _words([candidate.text for candidate in candidates])


def _quoted(words: Iterable[str]) -> str:
    return _words([f"'{word}'" for word in words])


def _spelled(tree: Tree) -> Iterator[str]:
    """What is taken once an option is there: all its spellings; nothing, if it may be given again."""
    yield from [f"{' ' * 16}{place}) ;;" for place in repeatable(tree)]
    for names in spellings(tree):
        yield f"{' ' * 16}{'|'.join([f'*:{name}' for name in names])}) taken+='{_words(names)} ' ;;"


def _starts() -> str:
    return "\n".join([f"        {start}*) start={start} values='{_words(v)}' ;;" for start, (_, v) in starts().items()])


def _arm(choice: Choice, indent: str) -> str:
    return f"{indent}{'|'.join(choice.places)}) {_action(choice.values)} ;;"


def _action(values: Values) -> str:
    layers = ["layers=1"] * values.layers
    if values.is_spec:
        spec = " ".join(["_convcost_spec", _quoted([outside(values.fields)]), _names(values.names)]).rstrip()
        return "; ".join([*layers, spec])
    parts = [*layers, f"found=({_names(values.names)})"]
    parts += ["list=1"] if values.is_list else []
    parts += [f"files='{_words(values.endings)}'"] if values.endings else []
    return " ".join(parts)
