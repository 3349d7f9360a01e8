"""The script for PowerShell, 5.1 and later: the help is the tooltip of each candidate."""

from __future__ import annotations

from collections.abc import Iterable

from .tokens import CHANNEL_PAIR, CHANNELS, JOINED, channel_starts, first_tokens, starts
from .tree import Choice, Option, Tree, choices, positions
from .values import Candidate, Values

_SCRIPT = r"""# PowerShell completion for convcost, made by `convcost completion powershell`: do not edit.
# PowerShell splats @56: write in=56, or quote '@56'.

# Candidates (text, help) for a token of a spec; those of a joined size carry what stands before it.
function script:Get-ConvcostSpec([string] $want) {
    if ($want -cmatch '^[0-9]+:') {
        return @(@CHANNELS@) | ForEach-Object { , @(($Matches[0] + $_), 'out channels') }
    }
    if ($want -cmatch '^[0-9]+$') {
        return @(@FIRST_CHANNELS@)
    }
    $start = $null
    $values = @()
    $help = ''
    switch -CaseSensitive -Wildcard ($want) {
@STARTS@
    }
    if ($want -cmatch '^(?:@JOINED@)[0-9].*x') {
        $before = $Matches[0]
        return $values | Where-Object { $_ -notlike '*x*' } | ForEach-Object { , @(($before + $_), $help) }
    }
    if (-not $want) { , @PAIR@ }
    @(@FIRST@)
    $values | ForEach-Object { , @(($start + $_), $help) }
}

# Files whose names end as given, and folders.
function script:Get-ConvcostFile([string] $want, [string[]] $endings) {
    $folder = $want -replace '[^\\/]*$', ''
    foreach ($item in Get-ChildItem -Path "$want*" -ErrorAction SilentlyContinue) {
        $name = $item.Name
        if ($item.PSIsContainer) {
            , @("$folder$name/", 'folder')
        } elseif ($endings | Where-Object { $name.EndsWith($_) }) {
            , @("$folder$name", 'file')
        }
    }
}

Register-ArgumentCompleter -Native -CommandName 'convcost' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # PowerShell takes commas for lists of its own, so the words are read off the line as it was typed.
    $start = $commandAst.Extent.StartOffset
    $typed = $commandAst.Extent.Text
    $length = $cursorPosition - $start
    if ($length -gt $typed.Length) { $typed += ' ' } else { $typed = $typed.Substring(0, $length) }
    $words = @($typed -split '\s+')
    $want = $words[-1].TrimStart("'", '"')
    $command = ''
    $option = ''
    $position = 1
    for ($i = 1; $i -lt $words.Count - 1; $i++) {
        $word = $words[$i]
        if ($option) {
            $option = ''
        } elseif ($word -clike '-?*') {
            if (@PLACES@ -ccontains "${command}:$word") { $option = $word }
        } elseif ($command) {
            $position++
        } else {
            $command = $word
        }
    }
    $before = ''
    if (-not $option -and $want -clike '--*=*') {
        $option, $want = $want -split '=', 2
        $before = "$option="
    }
    $list = $false
    $found = @()
    if (-not $option -and $want -clike '-*') {
        $found = switch -CaseSensitive ($command) {
            '' { @(@OPTIONS@) }
@COMMAND_OPTIONS@
        }
    } else {
        switch -CaseSensitive -Regex ("${command}:$option") {
@VALUES@
            '^:$' { $found = @(@COMMANDS@) }
            '^[^:]+:$' {
                switch -CaseSensitive -Regex ("${command}:$position") {
@POSITIONS@
                }
            }
        }
    }
    if ($list -and $want.Contains(',')) {
        $comma = $want.LastIndexOf(',') + 1
        $before += $want.Substring(0, $comma)
        $want = $want.Substring($comma)
    }
    # What is replaced is the word as PowerShell sees it, which may begin behind a comma or a sign.
    $whole = $words[-1].TrimStart("'", '"')
    $kept = ''
    if ($whole.EndsWith($wordToComplete)) { $kept = $whole.Substring(0, $whole.Length - $wordToComplete.Length) }
    foreach ($entry in $found) {
        $text = $entry[0]
        $new = $before + $text
        if (-not $text.StartsWith($want) -or -not $new.StartsWith($kept)) { continue }
        $help = if ($entry[1]) { $entry[1] } else { $text }
        $new = $new.Substring($kept.Length)
        if ($new.StartsWith('@')) { $new = "'$new'" }
        [System.Management.Automation.CompletionResult]::new($new, $text, 'ParameterValue', $help)
    }
}
"""


def script(tree: Tree) -> str:
    """The script, to be run by a profile."""
    parts = {
        "CHANNELS": ", ".join(map(str, CHANNELS)),
        "FIRST_CHANNELS": _entries(channel_starts()),
        "FIRST": _entries(first_tokens()),
        "PAIR": _entries([CHANNEL_PAIR]),
        "STARTS": "\n".join([_start(start, *values) for start, values in starts().items()]),
        "JOINED": "|".join(JOINED),
        "PLACES": _list([place for choice in choices(tree) for place in choice.places]),
        "VALUES": "\n".join([_arm(choice, " " * 12) for choice in choices(tree)]),
        "COMMANDS": _entries([Candidate(command.name, command.help) for command in tree.commands]),
        "POSITIONS": "\n".join([_arm(choice, " " * 20) for choice in positions(tree)]),
        "OPTIONS": _spellings(tree.options),
        "COMMAND_OPTIONS": "\n".join([
            f"            '{c.name}' {{ @({_spellings(c.options)}) }}" for c in tree.commands
        ]),
    }  # fmt: skip
    text = _SCRIPT
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def _list(texts: Iterable[str]) -> str:
    return f"@({', '.join(map(_quoted, texts))})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "’").replace("’", "''") + "'"


def _entries(candidates: Iterable[Candidate]) -> str:
    return ", ".join([f"@({_quoted(c.text)}, {_quoted(c.help)})" for c in candidates])


def _spellings(options: Iterable[Option]) -> str:
    return _entries([Candidate(name, option.help) for option in options for name in option.names])


def _start(start: str, help: str, values: list[str]) -> str:
    return f"        '{start}*' {{ $start = '{start}'; $values = {_list(values)}; $help = '{help}'; break }}"


def _arm(choice: Choice, indent: str) -> str:
    places = "|".join([place[:-2] + f"[{place[-2]}-9]" if place.endswith("+") else place for place in choice.places])
    return f"{indent}'^(?:{places})$' {{ {_action(choice.values)} }}"


def _action(values: Values) -> str:
    if values.is_spec:
        return "$found = @(Get-ConvcostSpec $want)"
    parts = [f"$found = @({_entries(values.names)})"] if len(values.names) != 1 else [
        f"$found = @(, {_entries(values.names)})"
    ]  # fmt: skip
    parts += ["$list = $true"] if values.is_list else []
    parts += [f"$found += @(Get-ConvcostFile $want {_list(values.endings)})"] if values.endings else []
    return "; ".join(parts)
