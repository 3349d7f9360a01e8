"""The script for bash, 3.2 and later: no helper library, no process started but for file names."""

from __future__ import annotations

from collections.abc import Iterable

from .tokens import CHANNELS, JOINED, channel_starts, first_tokens, starts
from .tree import Choice, Option, Tree, choices, pattern, positions
from .values import Candidate, Values

_SCRIPT = r"""# bash completion for convcost, made by `convcost completion bash`: do not edit.

# Candidates for a token of a spec: `found`, each to be put behind `base`.
_convcost_spec() {
    local start= value values=
    if [[ $want =~ ^[0-9]+: ]]; then
        base=${want%%:*}: want=${want#*:} found=(@CHANNELS@)
        return
    elif [[ $want =~ ^[0-9]+$ ]]; then
        found=(@FIRST_CHANNELS@)
        return
    fi
    found=(@FIRST@)
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

# The words before the cursor -> `command`, `option` if it waits for its value, `position` of the next argument.
_convcost_where() {
    local word
    for word in "$@"; do
        if [[ $option ]]; then
            option=
        elif [[ $word == -?* ]]; then
            case $command:$word in
                @PLACES@) option=$word ;;
            esac
        elif [[ $command ]]; then
            position=$((position + 1))
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
    if [[ $list && $want == *,* ]]; then
        base+=${want%,*}, want=${want##*,}
    fi

    # What bash replaces begins behind the last character at which it breaks words; @ begins a word of its own.
    local kept=${typed%"${typed##*[:=@]}"}
    local last=${kept:${#kept}-1}
    [[ $last && $COMP_WORDBREAKS == *"$last"* ]] || kept=
    [[ $last == @ ]] && kept=${kept%@}
    COMPREPLY=()
    for candidate in "${found[@]}"; do
        [[ $candidate == "$want"?* || $candidate == "$want" && $candidate != *[=@] ]] || continue
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
        "STARTS": _starts(),
        "JOINED": "|".join([f"{start}:[0-9]*x*" for start in JOINED]),
        "PLACES": "|".join([place for choice in choices(tree) for place in choice.places]),
        "VALUES": "\n".join([_arm(choice, " " * 8) for choice in choices(tree)]),
        "COMMANDS": _words([command.name for command in tree.commands]),
        "POSITIONS": "\n".join([_arm(choice, " " * 16) for choice in positions(tree)]),
        "OPTIONS": _spellings(tree.options),
        "COMMAND_OPTIONS": "\n".join([f"        {c.name}) found=({_spellings(c.options)}) ;;" for c in tree.commands]),
    }
    text = _SCRIPT
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def _words(words: Iterable[str]) -> str:
    return " ".join(words)


def _names(candidates: Iterable[Candidate]) -> str:
    return _words([candidate.text for candidate in candidates])


def _spellings(options: Iterable[Option]) -> str:
    return _words([name for option in options for name in option.names])


def _starts() -> str:
    return "\n".join([f"        {start}*) start={start} values='{_words(v)}' ;;" for start, (_, v) in starts().items()])


def _arm(choice: Choice, indent: str) -> str:
    return f"{indent}{'|'.join(map(pattern, choice.places))}) {_action(choice.values)} ;;"


def _action(values: Values) -> str:
    if values.is_spec:
        return "_convcost_spec"
    parts = [f"found=({_names(values.names)})"]
    parts += ["list=1"] if values.is_list else []
    parts += [f"files='{_words(values.endings)}'"] if values.endings else []
    return " ".join(parts)
