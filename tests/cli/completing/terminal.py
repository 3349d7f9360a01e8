"""A real shell in a pseudo-terminal, into which somebody types."""

from __future__ import annotations

import atexit
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import tempfile
import termios
import time
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parents[3] / "completions"

START = {
    "bash": ["bash", "--noprofile", "--rcfile", "{home}/.zshrc", "-i"],
    "zsh": ["zsh", "-d", "-i"],
    "fish": ["fish", "--no-config", "-C", "source {home}/.zshrc"],
}

#: Loads the script, and makes Ctrl-O print the line as it stands, between marks, and empty it.
SETUP = {
    "bash": r"""
bind 'set enable-bracketed-paste off'
bind 'set show-all-if-ambiguous on'
bind 'set page-completions off'
bind 'set completion-query-items 0'
bind -x '"\C-o": printf "<<%s>>\n" "$READLINE_LINE"; READLINE_LINE='
. {scripts}/convcost.bash
PS1='READY> '
""",
    "zsh": r"""
autoload -Uz compinit && compinit -u -C -d {dump}
unset zle_bracketed_paste
LISTMAX=9999
dump() { print -r -- "<<$BUFFER>>"; BUFFER= }
timed() { local t=$EPOCHREALTIME; zle complete-word; print "<<$(( EPOCHREALTIME - t ))>>"; BUFFER= }
zmodload zsh/datetime
zle -N dump; zle -N timed
bindkey '^o' dump; bindkey '^t' timed
. {scripts}/_convcost
PS1='READY> '
""",
    "fish": r"""
function fish_prompt; echo 'READY> '; end
bind \co 'echo "<<"(commandline)">>"'
source {scripts}/convcost.fish
""",
}

ESCAPES = re.compile(r"\x1b\[[0-9;?>=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x0e|\x0f")


@cache
def _dump() -> str:
    """Where the first zsh of this process keeps what completions there are: looking for them takes half a second."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    return os.path.join(folder, "zcompdump")


def missing(shell: str) -> str:
    """Why this shell cannot be tested here; empty if it can."""
    return "" if shutil.which(shell) else f"{shell} is not installed"


class Terminal:
    """A shell with the completion script loaded, as somebody at a terminal has it."""

    def __init__(self, shell: str, home: Path) -> None:
        (home / ".zshrc").write_text(SETUP[shell].replace("{scripts}", str(SCRIPTS)).replace("{dump}", _dump()))
        env = {"PATH": os.environ["PATH"], "TERM": "xterm", "HOME": str(home), "LC_ALL": "C.UTF-8"}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
            os.chdir(home)
            os.execvpe(shell, [word.format(home=home) for word in START[shell]], env)
        self.shell = shell
        self.read_until("READY> ")

    def send(self, text: str) -> None:
        """Type."""
        os.write(self.fd, text.encode())

    def read_until(self, mark: str, limit: float = 10) -> str:
        """What the shell shows, up to `mark`."""
        raw, end = "", time.monotonic() + limit
        while mark not in raw and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.2)[0]:
                raw += os.read(self.fd, 65536).decode("utf-8", "replace")
                self._answer(raw)
        return ESCAPES.sub("", raw)

    def _answer(self, raw: str) -> None:
        """A terminal says what it is and where its cursor stands when it is asked."""
        if raw.endswith("\x1b[6n"):
            self.send("\x1b[1;1R")
        elif raw.endswith(("\x1b[c", "\x1b[0c")):
            self.send("\x1b[?1;2c")

    def complete(self, line: str) -> tuple[str, str]:
        """Type `line` and TAB: the line that came of it, and what was shown. Once only in fish, whose list stays."""
        self.send(line + "\t\x0f")
        shown, _, after = self.read_until(">>").partition("<<")
        return after.partition(">>")[0], shown

    def close(self) -> None:
        """End the shell, which is this object's own child."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
