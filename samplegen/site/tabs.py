"""A tab set as the theme knows it: radio buttons, so that it works without scripts."""

from collections.abc import Sequence
from dataclasses import dataclass

from samplegen.render.clients import Client
from samplegen.site.escaping import html

_FIRST_SET = 1000
"""Tab sets of a page's own Markdown are numbered from 1; ours stay clear of them."""


@dataclass(frozen=True)
class Panel:
    """One tab and what it opens."""

    id: str
    label: str
    client: Client
    content: str


def tab_set(panels: Sequence[Panel], name: str, css: str, number: int) -> str:
    """The HTML of a tab set.

    Args:
        panels: In their order; the first is open.
        name: What screen readers call the set.
        css: Its class.
        number: Tells the sets of a page apart, from 0.
    """
    number += _FIRST_SET
    inputs = "".join(
        f'<input{" checked" if index == 0 else ""} id="{html(panel.id)}" '
        f'name="__tabbed_{number}" type="radio" aria-label="{html(panel.label)}" '
        f'data-client="{html(panel.client.name)}" data-lang="{html(_names(panel.client))}">'
        for index, panel in enumerate(panels)
    )
    labels = "".join(
        f'<label for="{html(panel.id)}">{html(panel.label)}</label>' for panel in panels
    )
    blocks = "".join(f'<div class="tabbed-block">{panel.content}</div>' for panel in panels)
    return (
        f'<div class="tabbed-set tabbed-alternate {css}" data-tabs="{number}:{len(panels)}" '
        f'role="group" aria-label="{html(name)}">{inputs}'
        f'<div class="tabbed-labels" aria-hidden="true">{labels}</div>'
        f'<div class="tabbed-content">{blocks}</div></div>'
    )


def slug(label: str) -> str:
    """A label as a part of an anchor."""
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())


def _names(client: Client) -> str:
    """What a link may call the language of a tab."""
    names = [client.name.partition("/")[0], client.language.title, *client.language.aliases]
    return " ".join(dict.fromkeys(name.lower().replace(" ", "-") for name in names))
