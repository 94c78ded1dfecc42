"""Values in Markdown and HTML: whatever they hold, they are shown as text.

Titles, names and values are text. What the spec documents as Markdown (summaries, descriptions,
notes, causes and fixes of errors) is not escaped.
"""

import re
from html import escape as html

__all__ = ["code", "html", "text"]

_SPECIAL = re.compile(
    r"""
    [\\`*\[\]{}<>&|~^$]                  # anywhere
    | (?<![^\W_])_ | _(?![^\W_])         # unless it stands within a word
    | (?<==)= | =(?==)
    | (?<=:): | :(?=:)
    | ^[-+=#:!?/] | (?<=^\d)[.)] | (?<=^\d\d)[.)]   # at the beginning of a line
    """,
    re.VERBOSE,
)
"""What Markdown, with the extensions in use with mkdocs, could read as anything but text.

Character references are text to every parser of Markdown; backslashes are not.
"""


def text(value: str) -> str:
    """A value as Markdown that shows it, within a line or in a cell of a table."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", " ".join(value.split()))


def code(value: str) -> str:
    """A value as code within a line of Markdown or in a cell of a table."""
    line = " ".join(value.split())
    if not line or "`" in line or "|" in line or "\\" in line:
        return f"<code>{text(line)}</code>"
    return f"`{line}`"
