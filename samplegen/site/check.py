"""What a finished page must not show: Markdown that nothing has taken."""

import re

from samplegen.errors import SamplegenError

_CODE = re.compile(r"<(pre|code|script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_RAW = {
    re.compile(r":{2,}\s*samplegen[^<\n]*", re.IGNORECASE): (
        "is shown as it is written; put it on a line of its own, outside of raw HTML"
    ),
    re.compile(r"(?<=<p>)\|[^<\n]*|\|\s*:?-{3,}:?\s*\|[^<\n]*"): (
        "is the row of a table, shown with its pipes; a table needs a line of dashes below its "
        "head, an empty line before it and none within it"
    ),
    re.compile(r'(?<=<p>)===[!+]* "[^<\n]*'): (
        "is a content tab, shown as it is written; enable pymdownx.tabbed with alternate_style"
    ),
}
"""Pattern to what is wrong with its match."""


def shown(html: str) -> None:
    """Looks through the HTML of a page, before any block is in it.

    Raises:
        SamplegenError: With each piece of Markdown that readers would see.
    """
    text = _CODE.sub("", html)
    problems = [
        f"{match[0].strip()!r} {what}" for raw, what in _RAW.items() for match in raw.finditer(text)
    ]
    if problems:
        raise SamplegenError(*problems)
