"""What the option parser finds wrong, told like any other bad input: loaded only when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..spec.errors import SpecError, clip
from ..spec.mistakes import close_match

_VALUE = re.compile(r"(?:'(?P<quoted>.*?)'|(?P<number>-?\d+)) is not ", re.S)
_EXTRA = re.compile(r"extra argument(?:s|\(s\))? \((?P<word>[^ ]*)", re.S)


def usage_error(error: Any, args: Sequence[str]) -> SpecError:
    """An error of the option parser, in its place in the command line `args`.

    Errors are known by what they carry: their classes moved between versions of typer.
    """
    otherwise = f"'{_command(error, args)} --help' explains it"
    option = getattr(error, "option_name", None) or ""
    if hasattr(error, "possibilities"):
        if option[1:].isdigit():  # the parser has only the first digit of a number
            option = next((arg for arg in args if arg.startswith(option)), option)
            return _at(f"unknown option {clip(option)!r}", f"did you mean {clip(option[1:])}?", args, option)
        return _at(f"unknown option {clip(option)!r}", _alike(option, error.possibilities) or otherwise, args, option)
    if option:
        lacks = "takes no value" if "does not take" in error.message else "needs a value"
        return _at(f"{option} {lacks}", otherwise, args, option)
    param, found = getattr(error, "param", None), _VALUE.match(error.message)
    if param is not None and found:
        value = found["quoted"] or found["number"] or ""
        return _at(f"{param.opts[0]} {_wrong(param.type, value)}", _meant(param.type, value) or otherwise, args, value)
    extra = _EXTRA.search(error.message)
    if extra:
        word = extra["word"].removesuffix(")")
        return _at(f"unexpected argument {clip(word)!r}", otherwise, args, word)
    said = error.format_message().rstrip(".")
    return _at(said[:1].lower() + said[1:], otherwise, args, "")


def _command(error: Any, args: Sequence[str]) -> str:
    """The command whose help says more; the parser does not always know in which it is."""
    ctx = getattr(error, "ctx", None)
    if ctx:
        return str(ctx.command_path)
    return f"convcost {args[0]}" if args and not args[0].startswith("-") else "convcost"


def _wrong(kind: Any, value: str) -> str:
    """What is wrong with the value of an option of that type."""
    if hasattr(kind, "choices"):
        return f"{clip(value)!r} is none of {', '.join(map(str, kind.choices))}"
    least = getattr(kind, "min", None)
    return f"{clip(value)!r} is no whole number" + (f" from {least} on" if least is not None else "")


def _meant(kind: Any, value: str) -> str:
    near = close_match(value, [str(choice) for choice in getattr(kind, "choices", ())])
    return _near([near]) if near else ""


def _alike(option: str, known: Sequence[str] | None) -> str:
    """The option that was meant: the dashes, which all of them have, make none alike."""
    near = close_match(option.strip("-"), [one.strip("-") for one in known or ()])
    return _near([one for one in known or () if near and one.strip("-") == near])


def _near(candidates: Sequence[str] | None) -> str:
    return f"did you mean {candidates[0]}?" if candidates else ""


def _at(message: str, hint: str, args: Sequence[str], token: str) -> SpecError:
    """With the command line, and where in it `token` is: an argument, or what one starts or ends with."""
    start = 0
    for arg in args if token else ():
        glued = len(token) == 2 and arg.startswith(token) and token != "--"
        if arg == token or glued or arg.startswith(f"{token}=") or (arg.startswith("-") and arg.endswith(token)):
            at = start + (arg.rindex(token) if arg.endswith(token) else 0)
            return SpecError(message, hint, " ".join(args), at, at + len(token))
        start += len(arg) + 1
    end = len(" ".join(args))
    return SpecError(message, hint, " ".join(args), end, end)
