"""Directives in Markdown: lines such as `::: samplegen health`, outside of code."""

import re
from collections.abc import Callable
from pathlib import Path

from samplegen.errors import Problem, SamplegenError

_DIRECTIVE = re.compile(r" {0,3}::: *samplegen(?P<view>-[\w-]+)?(?: +(?P<argument>\S.*?))? *$")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")

Expand = Callable[[str, str], str]
"""View and argument to the text in place of the directive."""


def expand(
    markdown: str,
    path: Path,
    first_line: int,
    view: Expand,
    prose: Callable[[str], str] = lambda line: line,
) -> tuple[str, list[Problem]]:
    """Puts what each directive stands for in its place.

    Args:
        markdown: A page, without its front matter.
        path: Its file, for errors.
        first_line: The line of the file on which `markdown` begins, from 1.
        view: Makes the text of a directive.
        prose: Makes what stands for a line that is neither directive nor code.

    Returns:
        The page, in which a directive that could not be made is left out, and what was wrong.
    """
    lines: list[str] = []
    problems: list[Problem] = []
    fence = ""
    for number, line in enumerate(markdown.split("\n"), first_line):
        marker = _FENCE.match(line)
        if fence:
            if marker and marker["fence"].startswith(fence) and line.strip() == marker["fence"]:
                fence = ""
        elif marker:
            fence = marker["fence"]
        elif directive := _DIRECTIVE.match(line):
            try:
                line = view((directive["view"] or "").lstrip("-"), directive["argument"] or "")
            except SamplegenError as error:
                problems += (_placed(problem, path, number) for problem in error.problems)
                line = ""
        else:
            line = prose(line)
        lines.append(line)
    return "\n".join(lines), problems


def _placed(problem: Problem, path: Path, line: int) -> Problem:
    """A problem that has no place yet, put at the directive."""
    return problem if problem.path else Problem(problem.message, path, line)
