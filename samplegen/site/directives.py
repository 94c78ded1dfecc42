"""Directives in Markdown: lines such as `::: samplegen health`, outside of code.

A directive may stand in a content tab, an admonition, a list or a quotation. A line that looks like
a directive and is not one is an error: its reader would see it as it is written.
"""

import re
from collections.abc import Callable
from pathlib import Path

from samplegen.errors import Problem, SamplegenError

_LINE = re.compile(r"(?P<lead>[ \t]*(?:>[ \t]?)*[ \t]*)(?P<rest>.*)")
_DIRECTIVE = re.compile(r"::: *samplegen(?P<view>-[\w-]+)?(?: +(?P<argument>\S.*?))? *$")
_LIKE_ONE = re.compile(r":{2,}\s*samplegen", re.IGNORECASE)
_FENCE = re.compile(r"(?P<fence>`{3,}|~{3,})")
_ASIDE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)|<!--.*?-->")
"""Code and comments within a line."""
_CONTAINER = re.compile(
    r'={3}[!+]* "|!{3} ?[\w"]|\?{3}\+? ?[\w"]|[-*+] |\d+[.)] |: {1,3}|\[\^[^\]]+\]:'
)
"""What holds indented lines: a tab, an admonition, a box, a list, a definition, a footnote."""
_INDENT = 4
"""Columns by which the content of a container is indented; beyond them begins code."""

Expand = Callable[[str, str], str]
"""View and argument to the text in place of the directive."""


def expand(
    markdown: str, path: Path, first_line: int, view: Expand, indented: Expand | None = None
) -> tuple[str, list[Problem]]:
    """Puts what each directive stands for in its place, at its indentation.

    Args:
        markdown: A page, without its front matter.
        path: Its file, for errors.
        first_line: The line of the file on which `markdown` begins, from 1.
        view: Makes the text of a directive.
        indented: Makes it where the directive is indented or quoted; by default `view` does.

    Returns:
        The page, in which a directive that could not be made is left out, and what was wrong.
    """
    lines: list[str] = []
    problems: list[Problem] = []
    reader = _Reader()
    for number, line in enumerate(markdown.split("\n"), first_line):
        lead, rest = _split(line)
        if reader.is_prose(lead, rest) and _LIKE_ONE.search(_ASIDE.sub("", rest)):
            try:
                make = indented if indented and lead else view
                line = _placed_text(_made(rest, reader.is_code, make), lead)
            except SamplegenError as error:
                problems += (_placed(problem, path, number) for problem in error.problems)
                line = ""
        lines.append(line)
    return "\n".join(lines), problems


def prose(markdown: str, change: Callable[[str], str]) -> str:
    """A page whose lines that are no code have been changed."""
    reader = _Reader()
    return "\n".join(
        change(line) if reader.is_prose(*_split(line)) else line for line in markdown.split("\n")
    )


class _Reader:
    """Follows the lines of a page: fences, comments, and what holds indented lines."""

    def __init__(self) -> None:
        self._fence = ""
        self._in_comment = False
        self._containers: list[int] = []
        """The columns at which the content of each open container begins."""
        self.is_code = False
        """Whether the line is indented so far that it is code."""

    def is_prose(self, lead: str, rest: str) -> bool:
        """Whether the next line is neither in a fence nor in a comment, nor opens or closes one."""
        column = len(lead.replace(">", " ").expandtabs(_INDENT))
        marker = _FENCE.match(rest)
        if self._fence:
            if (
                marker
                and marker["fence"].startswith(self._fence)
                and rest.strip() == marker["fence"]
            ):
                self._fence = ""
            return False
        if rest:
            self._containers = [content for content in self._containers if content <= column]
            self.is_code = column - (self._containers or [0])[-1] >= _INDENT
        if marker and not self.is_code:
            self._fence = marker["fence"]
            return False
        if not self.is_code and _CONTAINER.match(rest):
            self._containers.append(column + _INDENT)
        was_in_comment = self._in_comment
        if "<!--" in rest or "-->" in rest:
            self._in_comment = rest.rfind("<!--") > rest.rfind("-->")
        return not (was_in_comment or self._in_comment)


def _split(line: str) -> tuple[str, str]:
    """A line as its indentation, with the marks of a quotation, and the rest."""
    match = _LINE.match(line)
    return (match["lead"], match["rest"]) if match else ("", line)


def _made(rest: str, is_code: bool, view: Expand) -> str:
    """The text of a directive.

    Raises:
        SamplegenError: It is none, or it stands where Markdown has code.
    """
    directive = _DIRECTIVE.fullmatch(rest.rstrip())
    if directive is None:
        raise SamplegenError(
            f"found {rest.strip()!r}; expected '::: samplegen OPERATION' or '::: samplegen-VIEW' "
            "on a line of its own; to show the text itself, put it in backticks"
        )
    if is_code:
        raise SamplegenError(
            f"{rest.strip()!r} is indented by four columns or more below nothing that holds it, so "
            "it would be shown as code; indent it less, or put it in a fence to show it"
        )
    return view((directive["view"] or "").lstrip("-"), directive["argument"] or "")


def _placed_text(text: str, lead: str) -> str:
    """Blocks of Markdown at an indentation, apart from what is around them."""
    return "\n".join(f"{lead}{line}".rstrip() for line in ["", *text.split("\n"), ""])


def _placed(problem: Problem, path: Path, line: int) -> Problem:
    """A problem that has no place yet, put at the directive."""
    return problem if problem.path else Problem(problem.message, path, line)
