"""The script for zsh: the help stands beside each candidate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .tokens import CHANNEL_PAIR, CHANNELS, JOINED, channel_starts, first_tokens, kinds, outside, starts
from .tree import Choice, Tree, choices, depth, fill, named, positions, repeatable, spellings
from .values import INSIDE, OF_NETWORKS, Candidate, Values

_SCRIPT = r"""#compdef convcost
# zsh completion for convcost, made by `convcost completion zsh`: do not edit.

# Offer candidates written text:help but for those taken; those that end in a sign are gone on with, without a space.
_convcost_offer() {
  local what=$1; shift
  argv=(${argv:#(${(j:|:)~${(@b)taken}}):*})
  local -a whole started sets
  whole=(${@:#*(=|@|\\:):*}) started=(${(M)@:#*(=|@|\\:):*})
  (( $#whole )) && sets=(whole $suffix)
  (( $#whole && $#started )) && sets+=(--)
  (( $#started )) && sets+=(started -S '')
  (( $#sets )) && _describe -t "$what" "$what" "${sets[@]}"
}

# The convolutions of the network that the line names.
_convcost_layers() {
  local -a names
  [[ -n $network ]] && names=(${(f)"$(convcost completion --layers $network 2>/dev/null)"})
  (( $#names )) && compadd -a names
}

# Candidates for a token of a spec, but for what is given already. Arguments: how tokens begin that do not belong, and
# names that may stand before the spec.
_convcost_spec() {
  local want=$PREFIX drop=$1 start= help= kind
  local -a values found
  for kind in @KINDS@; do
    [[ " $taken " == *\ (${~kind})* ]] && drop+=${drop:+|}$kind
  done
  [[ -z $drop && $want != [0-9]* ]] && _convcost_offer value $@[2,-1]
  drop="(${drop:-no token})*"
  if [[ $want == [0-9]##:* ]]; then
    [[ $want == ${~drop} ]] && return
    compset -P '*:'
    values=(@CHANNELS@)
    _convcost_offer channels ${^values}:'out channels'
    return
  elif [[ $want == [0-9]## ]]; then
    found=(@FIRST_CHANNELS@)
    _convcost_offer channels ${found:#${~drop}}
    return
  fi
  found=(@FIRST@)
  case $want in
    ('') found+=(@PAIR@) ;;
@STARTS@
  esac
  if [[ -n $start ]]; then
    case $start:${want#$start} in
      (@JOINED@)
        [[ $want == ${~drop} ]] && return
        compset -P '*x'
        drop='no token' start= found=() values=(${values:#*x*}) ;;
    esac
    found=(${found:#${start}[0-9]*} $start${^values}:$help)
  fi
  _convcost_offer token ${found:#(${want}:*|${~drop})}
}

_convcost_values() {
  case $command:$option in
@VALUES@
    (:) _convcost_offer command @COMMANDS@ ;;
    (*:)
      case $command:$position in
@POSITIONS@
      esac ;;
  esac
}

_convcost_options() {
  case $command in
    ('') _convcost_offer option @OPTIONS@ ;;
@COMMAND_OPTIONS@
  esac
}

# Names that may follow one another behind commas.
_convcost_list() {
  local -a taken=(${(s:,:)PREFIX%,*}) suffix=(-q -S ,)
  compset -P '*,' || taken=()
  _convcost_offer name "$@"
}

_convcost() {
  setopt localoptions extendedglob
  local command= option= word network=
  local -a suffix taken
  integer position=1
  for word in ${words[2,CURRENT-1]}; do
    if [[ -n $option ]]; then
      [[ $option == @INSIDE@ ]] && network=$word
      option=
    elif [[ $word == -?* ]]; then
      case $command:$word in
        (@PLACES@) option=$word ;;
        (*:@INSIDE@=*) network=${word#*=} ;;
      esac
      case $command:${word%%=*} in
@SPELLED@
        (*) taken+=(${word%%=*}) ;;
      esac
    elif [[ -n $command ]]; then
      [[ $command:$position == (@OF_NETWORKS@):1 ]] && network=$word
      (( position < @DEPTH@ && position++ ))
      taken+=($word)
    else
      command=$word
    fi
  done
  if [[ -z $option && $PREFIX == --*=* ]]; then
    option=${PREFIX%%=*}
    compset -P 1 '*='
    _convcost_values
  elif [[ -z $option && $PREFIX == -* ]]; then
    _convcost_options
  else
    _convcost_values
  fi
}

if [[ $funcstack[1] == _convcost ]]; then
  _convcost "$@"
else
  compdef _convcost convcost
fi
"""


def script(tree: Tree) -> str:
    """The script, which is both a file for `fpath` and one to source."""
    parts = {
        "CHANNELS": " ".join(map(str, CHANNELS)),
        "FIRST_CHANNELS": _entries(channel_starts()),
        "FIRST": _entries(first_tokens()),
        "PAIR": _entries([CHANNEL_PAIR]),
        "KINDS": _patterns(kinds()),
        "STARTS": "\n".join([_start(start, *values) for start, values in starts().items()]),
        "JOINED": "|".join([f"{start}:[0-9]*x*" for start in JOINED]),
        "INSIDE": INSIDE,
        "OF_NETWORKS": "|".join(OF_NETWORKS),
        "PLACES": "|".join([place for choice in choices(tree) for place in choice.places]),
        "DEPTH": str(depth(tree)),
        "SPELLED": "\n".join(_spelled(tree)),
        "VALUES": "\n".join([_arm(choice, " " * 4) for choice in choices(tree)]),
        "COMMANDS": _entries([Candidate(command.name, command.help) for command in tree.commands]),
        "POSITIONS": "\n".join([_arm(choice, " " * 8) for choice in positions(tree)]),
        "OPTIONS": _entries(named(tree.options)),
        "COMMAND_OPTIONS": "\n".join([
            f"    ({c.name}) _convcost_offer option {_entries(named(c.options))} ;;" for c in tree.commands
        ]),
    }  # fmt: skip
    return fill(_SCRIPT, parts)


def _entries(candidates: Iterable[Candidate]) -> str:
    return " ".join([_quoted(f"{c.text.replace(':', chr(92) + ':')}:{c.help}") for c in candidates])


def _patterns(expressions: Iterable[str]) -> str:
    """Regular expressions as zsh writes them."""
    return " ".join([f"'{expression.replace('+', '##')}'" for expression in expressions])


def _spelled(tree: Tree) -> Iterator[str]:
    """What is taken once an option is there: all its spellings; nothing, if it may be given again."""
    yield from [f"        ({place}) ;;" for place in repeatable(tree)]
    for names in spellings(tree):
        yield f"        ({'|'.join([f'*:{name}' for name in names])}) taken+=({' '.join(names)}) ;;"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "’") + "'"


def _start(start: str, help: str, values: list[str]) -> str:
    return f"    ({start}*) start={start} values=({' '.join(values)}) help='{help}' ;;"


def _arm(choice: Choice, indent: str) -> str:
    return f"{indent}({'|'.join(choice.places)}) {_action(choice.values)} ;;"


def _action(values: Values) -> str:
    parts = ["_convcost_layers"] if values.layers else []
    if values.is_spec:
        spec = " ".join(["_convcost_spec", _patterns([outside(values.fields)]), _entries(values.names)]).rstrip()
        return "; ".join([spec, *parts])
    if values.names:
        parts.append(f"{'_convcost_list' if values.is_list else '_convcost_offer value'} {_entries(values.names)}")
    if values.endings:
        parts.append(f"_files -g '*({'|'.join(values.endings)})'")
    return "; ".join(parts) or "_message value"
