"""What keeps a value from leaving its literal, whatever a template does with it."""

from collections.abc import Iterator

import jinja2
from jinja2 import nodes

from samplegen.layout.marks import plain
from samplegen.render.literals import Code


def only_code(value: object) -> object:
    """Lets only source text and whole numbers into a program: the `finalize` of Jinja.

    Raises:
        TypeError: It is anything else.
    """
    if value.__class__ is Code or value.__class__ is int:
        return value
    if isinstance(value, jinja2.Undefined):
        return str(value)
    found = plain(value) if isinstance(value, str) else value
    raise TypeError(
        f"{found!r} is printed as it is; send it through quote, values, json or comment"
    )


def check(template: nodes.Template, name: str) -> None:
    """Refuses what would print a value behind the back of `only_code`.

    Raises:
        jinja2.TemplateSyntaxError: With the line of the first such place.
    """
    for line, message in (*_filter_blocks(template), *_private_names(template)):
        raise jinja2.TemplateSyntaxError(message, line, name)


def _filter_blocks(template: nodes.Template) -> Iterator[tuple[int, str]]:
    """Jinja prints what a filter block makes without asking `finalize`."""
    for block in template.find_all(nodes.FilterBlock):
        used: nodes.Node | None = block.filter
        while isinstance(used, nodes.Filter):
            values = (*used.args, *(pair.value for pair in used.kwargs))
            if not all(isinstance(value, nodes.Const) for value in values):
                yield (
                    block.lineno,
                    f"the filter block {used.name!r} is given a value; expected constants only",
                )
            used = used.node


def _private_names(template: nodes.Template) -> Iterator[tuple[int, str]]:
    """With them a template could make source text of any value."""
    for node in template.find_all((nodes.Getattr, nodes.Getitem, nodes.Filter)):
        name = ""
        if isinstance(node, nodes.Getattr):
            name = node.attr
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            name = str(node.arg.value)
        elif isinstance(node, nodes.Filter) and node.name == "attr":
            name = "_"
        if name.startswith("_"):
            yield node.lineno, f"{name!r} is private; templates see public names only"
