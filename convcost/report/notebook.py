"""Answers as they look in a notebook, and as text: the table, without its colours."""

from __future__ import annotations

from html import escape
from typing import Any

from .as_table import plain_text, plain_width
from .views import view_of


def as_text(result: Any) -> str:
    """The table of a comparison, a layer or a network.

    >>> import convcost
    >>> as_text(convcost.layer("64:128 @56 k3", verify=False)).splitlines()[0]
    ' 64:128 @56 k3  ·  fp32  ·  batch 1'
    """
    return plain_text(view_of(result).table(), plain_width())


def as_html(result: Any) -> str:
    """The same for a notebook, in a fixed-width font.

    >>> import convcost
    >>> as_html(convcost.layer("64:128 @56 k3", verify=False))[:50]
    '<pre style="line-height: 1.2"> 64:128 @56 k3  ·  f'
    """
    return f'<pre style="line-height: 1.2">{escape(as_text(result))}</pre>'
