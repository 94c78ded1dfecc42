"""Operation + client -> program, and what is said of it. The only module that knows Jinja."""

import json
import traceback
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import jinja2
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.utils import missing

from samplegen.connection.model import Connection
from samplegen.errors import Problem, SamplegenError
from samplegen.render import features
from samplegen.render.clients import Client, Language
from samplegen.render.imports import ordered
from samplegen.render.literals import JSON, LITERALS, Code, Rendered, joined, markdown, octal
from samplegen.render.view import View
from samplegen.resources import Layers, shown
from samplegen.spec.operation import Operation

_Parts = Callable[[str], tuple[str, ...]]


class _Context(Context):
    """What Jinja's own does, made faster: each include of a template makes one."""

    def __init__(
        self,
        environment: "_Environment",
        parent: dict[str, Any],
        name: str | None,
        blocks: dict[str, Any],
        globals: Any = None,
    ) -> None:
        self.parent = parent
        self.vars: dict[str, Any] = {}
        self.environment = environment
        self.eval_ctx = environment.unescaped
        self.exported_vars: set[str] = set()
        self.name = name
        self.globals_keys: set[str] = set()
        self.blocks = {name: [block] for name, block in blocks.items()}

    def call(
        self, function: Callable[..., Any], /, *arguments: Any, _loop_vars: Any = None,
        _block_vars: Any = None, **named: Any,
    ) -> Any:  # fmt: skip
        """Jinja's own hands its context to functions that want it; ours do not."""
        return function(*arguments, **named)


class _Template(jinja2.Template):
    """A template whose includes see all that it sees."""

    environment: "_Environment"

    def new_context(
        self,
        vars: dict[str, Any] | None = None,
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,
    ) -> Context:
        seen = vars or {}
        if locals:
            seen = {**seen, **{k: v for k, v in locals.items() if v is not missing}}
        return _Context(self.environment, seen, self.name, self.blocks)


class _Environment(jinja2.Environment):
    """Keeps what it loaded: a template asks for its frame each time it is rendered.

    The name `<template>#<block>` stands for one block of a template.
    """

    context_class = _Context
    template_class = _Template

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._kept: dict[str, jinja2.Template] = {}
        self.unescaped = EvalContext(self)

    def get_template(
        self, name: str | jinja2.Template, parent: str | None = None, globals: Any = None
    ) -> jinja2.Template:
        if name not in self._kept:
            file, _, block = str(name).partition("#")
            template = super().get_template(file, parent, globals)
            if block:
                template = _only(template, block)
            self._kept[str(name)] = template
        return self._kept[str(name)]

    @property
    def loaded(self) -> tuple[str, ...]:
        """The templates that were asked for."""
        return tuple(dict.fromkeys(name.partition("#")[0] for name in self._kept))


def _only(template: jinja2.Template, block: str) -> jinja2.Template:
    """One block of a template, as a template."""
    part = object.__new__(type(template))
    part.__dict__ |= {**template.__dict__, "root_render_func": template.blocks[block]}
    return part


class Renderer:
    """The templates, compiled as they are needed."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._environments: dict[str, _Environment] = {}
        self._templates: dict[str, tuple[_Environment, jinja2.Template]] = {}
        self._parts: dict[tuple[str, frozenset[str]], _Parts] = {}

    @property
    def loaded(self) -> tuple[str, ...]:
        """The templates that were used so far, by path: those of forms, and what they draw on."""
        return tuple(name for e in self._environments.values() for name in e.loaded)

    def has(self, client: Client, operation: Operation) -> bool:
        """Whether the client has a template for the operation's form."""
        return self._layers.find(client.template(operation)) is not None

    def render(self, client: Client, view: View) -> Rendered:
        """The program, strictly: whatever is wrong in it is an error at its template's line.

        Raises:
            SamplegenError: With the template, the line and the operation.
        """
        name = client.template(view.operation)
        try:
            environment, template = self._template(name, client.language)
            values = {**view.context, "parts": self._parts_of(client, view.connection, environment)}
            try:
                parts = tuple(
                    template.root_render_func(
                        environment.context_class(environment, values, name, template.blocks)
                    )
                )
            except Exception:
                environment.handle_exception()
        except SamplegenError:
            raise
        except Exception as error:
            raise SamplegenError(self._problem(error, name, view.operation)) from error
        return Rendered("".join(parts), parts)

    def _parts_of(
        self, client: Client, connection: Connection, environment: jinja2.Environment
    ) -> _Parts:
        """Of a place in the client's frame: what the features of the connection add there."""
        key = client.name, connection.asked
        if key not in self._parts:
            names = features.templates(self._layers, client, connection)
            blocks = {name: environment.get_template(name).blocks for name in names}

            @lru_cache
            def parts(place: str) -> tuple[str, ...]:
                return tuple(f"{name}#{place}" for name in names if place in blocks[name])

            self._parts[key] = parts
        return self._parts[key]

    def document(self, name: str, context: Mapping[str, Any]) -> str:
        """A Markdown page about a program, as strictly.

        Raises:
            SamplegenError: With the template and the line.
        """
        try:
            return self._documents.get_template(name).render(context)
        except Exception as error:
            raise SamplegenError(self._problem(error, name, context["operation"])) from error

    @cached_property
    def _documents(self) -> jinja2.Environment:
        filters: dict[str, Callable[..., Any]] = {
            "text": markdown.text,
            "code": markdown.code,
            "block": markdown.block,
            "comma": _comma,
        }
        return self._environment(filters)

    def _template(self, name: str, language: Language) -> tuple[_Environment, jinja2.Template]:
        if name not in self._templates:
            key = name.partition("/")[0]
            if key not in self._environments:
                self._environments[key] = self._environment(_filters(language))
            environment = self._environments[key]
            self._templates[name] = environment, environment.get_template(name)
        return self._templates[name]

    def _environment(self, filters: Mapping[str, Callable[..., Any]]) -> _Environment:
        environment = _Environment(
            loader=jinja2.FileSystemLoader([str(folder) for folder in self._layers.folders]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=_only_code,
            autoescape=False,
            auto_reload=False,
            cache_size=-1,
        )
        environment.filters |= filters
        return environment

    def _problem(self, error: Exception, name: str, operation: Operation) -> Problem:
        """Tells a failed render at its innermost template line."""
        if isinstance(error, jinja2.TemplateSyntaxError):
            path = Path(error.filename) if error.filename else self._layers.find(error.name or name)
            return Problem(f"not a template: {error.message}", path and shown(path), error.lineno)
        if isinstance(error, jinja2.TemplateNotFound):
            message = f"no such template; add it, wanted by the operation {operation.name!r}"
            return Problem(message, Path("templates") / (error.name or name))
        frames = traceback.extract_tb(error.__traceback__)
        frame = next((f for f in reversed(frames) if f.filename.endswith(".jinja")), None)
        message = f"{error} (while rendering the operation {operation.name!r})"
        if frame is None:
            return Problem(message, Path("templates") / name)
        return Problem(message, shown(Path(frame.filename)), frame.lineno)


def _filters(language: Language) -> dict[str, Callable[..., Any]]:
    """What templates of the language send values through."""
    literals = LITERALS[language.literals]
    return {
        "quote": literals.quote,
        "values": literals.values,
        "json": _json,
        "json_values": JSON.values,
        "arguments": literals.arguments,
        "assigned": literals.assigned,
        "wrapped": _wrapped,
        "imports": partial(ordered, language.literals),
        "comment": literals.comment,
        "comma": _comma,
        "number": _number,
        "octal": octal,
        "call": literals.call,
        "element_type": _looked_up(language.datatypes, "element type"),
        **{name: _looked_up(table, name) for name, table in language.tables.items()},
    }


def _only_code(value: object) -> object:
    """Lets only literals and whole numbers into a program, so no value can leave its literal."""
    if value.__class__ is Code or value.__class__ is int:
        return value
    if isinstance(value, jinja2.Undefined):
        return str(value)
    raise TypeError(
        f"{value!r} is printed as it is; send it through quote, values, json or comment"
    )


def _json(value: Any) -> Code:
    """A text, or a value of any kind, as JSON on one line."""
    if isinstance(value, str | tuple):
        return JSON.quote(value)
    return Code(json.dumps(value, allow_nan=False))


def _comma(loop: LoopContext) -> Code:
    """The comma after all but the last item of a loop."""
    return Code("" if loop.last else ",")


def _wrapped(code: Code, before: str, after: str) -> Code:
    """A literal with source text of the template around it, such as a call's."""
    return joined("", [Code(before), code, Code(after)])


def _number(loop: LoopContext) -> Code:
    """Tells the variables of a loop's items apart: nothing for the first, then 2, 3 and so on."""
    return Code("" if loop.first else str(loop.index))


def _looked_up(table: Mapping[str, str], what: str) -> Callable[[str], Code]:
    def looked_up(datatype: str) -> Code:
        """What a table of `language.yaml` has for a protocol datatype."""
        if datatype not in table:
            raise LookupError(f"language.yaml has no {what} for datatype {datatype}")
        return Code(table[datatype])

    return looked_up
