"""The script for PowerShell, 5.1 and later: the help is the tooltip of each candidate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .tokens import CHANNEL_PAIR, CHANNELS, JOINED, channel_starts, first_tokens, kinds, outside, starts
from .tree import Tree, choices, depth, fill, named, positions, repeatable, spellings
from .values import INSIDE, OF_NETWORKS, Candidate, Values

_SCRIPT = r"""# PowerShell completion for convcost, made by `convcost completion powershell`: do not edit.
# PowerShell splats @56: write in=56, or quote '@56'. Windows PowerShell asks no completer about - and -- alone.

Register-ArgumentCompleter -Native -CommandName 'convcost' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # Candidates are written text|help. All that they are found by is in here: whoever runs this script, and in
    # whatever scope, PowerShell calls only this block.
    function Get-ConvcostToken {
        if ($want -cmatch '^[0-9]+:') {
            $start = $Matches[0]
            foreach ($value in @CHANNELS@) { "$start$value|out channels" }
            return
        }
        if ($want -cmatch '^[0-9]+$') { return @FIRST_CHANNELS@ }
        $start = ''
        $values = @()
        $help = ''
        switch -CaseSensitive -Wildcard ($want) {
@STARTS@
        }
        if ($want -cmatch '^(?:@JOINED@)[0-9].*x') {
            $start = $Matches[0]
            $values = @($values -cnotmatch 'x')
        } else {
            if (-not $want) { @PAIR@ }
            @FIRST@
        }
        foreach ($value in $values) { "$start$value|$help" }
    }

    # Tokens of a spec, but for what is given already: `drop` says how tokens begin that do not belong, `names` what
    # may stand before the spec.
    function Get-ConvcostSpec([string] $drop, [string[]] $names) {
        foreach ($kind in @KINDS@) {
            if (" $($taken -join ' ') " -cmatch " ($kind)") { $drop = "$drop|$kind".TrimStart('|') }
        }
        $tokens = @(Get-ConvcostToken)
        if ($drop) { $tokens -cnotmatch "^($drop)" } else { $tokens + $names }
    }

    # Files whose names end as given, and folders.
    function Get-ConvcostFile([string[]] $endings) {
        $folder = $want -replace '[^\\/]*$'
        $place = if ($folder) { $folder } else { '.' }
        foreach ($item in Get-ChildItem -LiteralPath $place -ErrorAction SilentlyContinue) {
            $name = $item.Name
            if ($item.PSIsContainer) {
                "$folder$name/|folder"
            } elseif ($endings | Where-Object { $name.EndsWith($_, [StringComparison]::OrdinalIgnoreCase) }) {
                "$folder$name|file"
            }
        }
    }

    # PowerShell takes commas for lists of its own, so the words are read off the line as it was typed.
    $start = $commandAst.CommandElements[0].Extent.EndOffset
    $typed = $commandAst.Extent.Text.Substring($start - $commandAst.Extent.StartOffset)
    $length = $cursorPosition - $start
    if ($length -gt $typed.Length) { $typed += ' ' } else { $typed = $typed.Substring(0, $length) }
    $words = @($typed -replace '[''"]' -split '[\s`]+')
    $want = $words[-1]
    $command = ''
    $option = ''
    $position = 1
    $network = ''
    $layers = $false
    $taken = @()
    for ($i = 1; $i -lt $words.Count - 1; $i++) {
        $word = $words[$i]
        if ($option) {
            if ($option -ceq '@INSIDE@') { $network = $word }
            $option = ''
        } elseif ($word -clike '-?*') {
            if (@PLACES@ -ccontains "${command}:$word") { $option = $word }
            if ($word -clike '@INSIDE@=*') { $network = $word -replace '^[^=]*=' }
            $word = $word -replace '=.*'
            switch -CaseSensitive -Regex ("${command}:$word") {
@SPELLED@
                default { $taken += $word }
            }
        } elseif ($command) {
            if ("${command}:$position" -cmatch '^(@OF_NETWORKS@):1$') { $network = $word }
            if ($position -lt @DEPTH@) { $position++ }
            $taken += $word
        } else {
            $command = $word
        }
    }

    # PowerShell replaces what stands behind the last comma, unless the commas are in quotes.
    $kept = ''
    if (-not "$wordToComplete".Contains(',')) { $kept = $want.Substring(0, $want.LastIndexOf(',') + 1) }
    $before = ''
    if (-not $option -and $want -clike '--*=*') {
        $option, $want = $want -split '=', 2
        $before = "$option="
    }
    $list = $false
    $found = @()
    if (-not $option -and $want -clike '-*') {
        switch -CaseSensitive ($command) {
            '' { $found = @(@OPTIONS@) }
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
    if ($layers -and $network) {
        $found += @(convcost completion --layers $network 2>$null | ForEach-Object { "$_|convolution" })
    }
    if ($list -and $want.Contains(',')) {
        $comma = $want.LastIndexOf(',') + 1
        $taken = $want.Substring(0, $comma) -split ','
        $before += $want.Substring(0, $comma)
        $want = $want.Substring($comma)
    }
    foreach ($entry in $found) {
        $bar = $entry.LastIndexOf('|')
        $text = $entry.Substring(0, $bar)
        $help = $entry.Substring($bar + 1)
        if ($taken -ccontains $text) { continue }
        if (-not $text.StartsWith($want, [StringComparison]::OrdinalIgnoreCase)) { continue }
        $new = $before + $text
        if (-not $new.StartsWith($kept, [StringComparison]::Ordinal) -or $new.Length -eq $kept.Length) { continue }
        $new = $new.Substring($kept.Length)
        if ($new -match '[\s''"`@$(){};&|<>#,]') { $new = "'" + $new.Replace("'", "''") + "'" }
        if (-not $help) { $help = $text }
        [System.Management.Automation.CompletionResult]::new($new, $text, 'ParameterValue', $help)
    }
}
"""

#: Windows PowerShell reads a file without a mark of its encoding as that of the system, so the script is ASCII. The
#: apostrophe is doubled, for it ends a string, and so does the typographic one.
_ASCII = str.maketrans({"’": "''", "'": "''", "”": '"', "×": "x", "–": "-", "…": "...", "|": "/"})


def script(tree: Tree) -> str:
    """The script, to be run by a profile."""
    return fill(_SCRIPT, {
        "CHANNELS": ", ".join(map(str, CHANNELS)),
        "FIRST_CHANNELS": _entries(channel_starts()),
        "FIRST": _entries(first_tokens()),
        "PAIR": _entries([CHANNEL_PAIR]),
        "KINDS": _list(kinds()),
        "STARTS": "\n".join([_start(start, *values) for start, values in starts().items()]),
        "JOINED": "|".join(JOINED),
        "PLACES": _list([place for choice in choices(tree) for place in choice.places]),
        "SPELLED": "\n".join(_spelled(tree)),
        "VALUES": "\n".join([_arm(choice.places, _action(choice.values), 12) for choice in choices(tree)]),
        "COMMANDS": _entries([Candidate(command.name, command.help) for command in tree.commands]),
        "POSITIONS": "\n".join([_arm(choice.places, _action(choice.values), 20) for choice in positions(tree)]),
        "OPTIONS": _entries(named(tree.options)),
        "COMMAND_OPTIONS": "\n".join([
            f"            '{c.name}' {{ $found = @({_entries(named(c.options))}) }}" for c in tree.commands
        ]),
        "DEPTH": str(depth(tree)),
        "INSIDE": INSIDE,
        "OF_NETWORKS": "|".join(OF_NETWORKS),
    })  # fmt: skip


def _list(texts: Iterable[str]) -> str:
    return f"@({', '.join([_quoted(text) for text in texts])})"


def _quoted(text: str) -> str:
    """A string of PowerShell; nothing in the text may end it."""
    return f"'{text}'"


def _entries(candidates: Iterable[Candidate]) -> str:
    return ", ".join([_quoted(f"{c.text.translate(_ASCII)}|{c.help.translate(_ASCII)}") for c in candidates])


def _spelled(tree: Tree) -> Iterator[str]:
    """What is taken once an option is there: all its spellings; nothing, if it may be given again."""
    yield from [f"{' ' * 16}'^{place}$' {{ break }}" for place in repeatable(tree)]
    for names in spellings(tree):
        yield _arm([f".*:{name}" for name in names], f"$taken += {_list(names)}; break", 16)


def _start(start: str, help: str, values: list[str]) -> str:
    return f"            '{start}*' {{ $start = '{start}'; $values = {_list(values)}; $help = '{help}'; break }}"


def _arm(places: Iterable[str], action: str, indent: int) -> str:
    return f"{' ' * indent}'^(?:{'|'.join(places)})$' {{ {action} }}"


def _action(values: Values) -> str:
    layers = ["$layers = $true"] if values.layers else []
    if values.is_spec:
        spec = f"$found = @(Get-ConvcostSpec {_quoted(outside(values.fields))} @({_entries(values.names)}))"
        return "; ".join([spec, *layers])
    parts = [f"$found = @({_entries(values.names)})"]
    parts += ["$list = $true"] if values.is_list else []
    parts += [f"$found += @(Get-ConvcostFile {_list(values.endings)})"] if values.endings else []
    return "; ".join(parts + layers)
