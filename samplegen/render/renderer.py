"""Operation + client -> program, and what is said of it. The only module that knows Jinja."""

import traceback
from collections.abc import Callable, Hashable, Iterable, Mapping, MutableMapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
from jinja2 import meta
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError

from samplegen.connection.options import Option
from samplegen.errors import Problem, SamplegenError
from samplegen.render import filters
from samplegen.render.clients import Client
from samplegen.render.layout.marks import by_calls, in_call
from samplegen.render.linking import Linked, link
from samplegen.render.literals import Code, markdown
from samplegen.render.programs import Program, program
from samplegen.render.safety import FILTERS, Guards, NoWayAround, joined, only_code
from samplegen.render.structure import outline, structure
from samplegen.render.tracing import Trace, UntraceableError, Values
from samplegen.render.view import Rendered, View
from samplegen.resources import Layers, shown
from samplegen.spec.operation import Operation

_MOST_STRUCTURES = 256
"""Of which programs are kept; with twelve clients they take some tens of MB."""


def _code(pieces: Iterable[str]) -> Code:
    """What a template prints is safe, since all that it prints is."""
    return Code("".join(pieces))


class _Codes(jinja2.BytecodeCache):
    """The compiled templates of a language, for both of its environments."""

    def __init__(self) -> None:
        self._codes: dict[str, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code:
            self._codes[bucket.key] = bucket.code


class _Environment(jinja2.Environment):
    """Jinja's own; what macros, set blocks, call blocks and `super()` make is source text, too."""

    concat = staticmethod(_code)

    def compile(self, source: Any, name: Any = None, *arguments: Any, **options: Any) -> Any:
        """The code of a template, with its guards."""
        tree = self.parse(source, name) if isinstance(source, str) else source
        guarded = Guards().visit(tree).set_environment(self)
        return super().compile(guarded, name, *arguments, **options)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """What a subscript is, which may be a name that is worked out; no private one.

        Raises:
            SecurityError: It is private.
        """
        private = isinstance(argument, str) and argument.startswith("_")
        if private and not isinstance(obj, Mapping):
            raise SecurityError(f"{argument!r} is private; templates see public names")
        return super().getitem(obj, argument)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What all templates see, as one mapping: a render copies it."""
        return {**self.globals, **(d or {})}


class _Loader(jinja2.BaseLoader):
    """Links each template with those that it extends."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self.linked: dict[str, Linked] = {}

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """The linked text, and a name for it in tracebacks."""
        if template not in self.linked:
            self.linked[template] = link(template, self._read)
        return self.linked[template].rendered, template, lambda: True

    def _read(self, template: str) -> str:
        path = self._layers.find(template)
        if path is None:
            raise jinja2.TemplateNotFound(template)
        return path.read_text(encoding="utf-8-sig")


class _Structure:
    """What was made for operations of one structure, by client."""

    def __init__(self) -> None:
        self.rendered: set[str] = set()
        self.programs: dict[str, Program | None] = {}
        """None: what the template does with values cannot be traced."""


class _Subject:
    """A view, and what all its clients share."""

    def __init__(self, view: View, of: _Structure, values: Values) -> None:
        self.view, self.of, self.values = view, of, values


class Renderer:
    """The templates, compiled as they are needed.

    Of many operations of one structure, the first is rendered by Jinja. With the second, a program
    is made that has places for values, and these are filled for it and all that follow.
    """

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._loader = _Loader(layers)
        self._environments: dict[str, _Environment] = {}
        self._templates: dict[str, jinja2.Template] = {}
        self._names: dict[str, set[str]] = {}
        self._trace = Trace(only_code)
        self._tracings: dict[str, jinja2.Environment] = {}
        self._structures: dict[Hashable, _Structure] = {}
        self._subject: _Subject | None = None

    @property
    def loaded(self) -> tuple[str, ...]:
        """The templates that were used so far: those of forms, and what they draw on."""
        names = (name for linked in self._loader.linked.values() for name in linked.files)
        return tuple(dict.fromkeys(names))

    def has(self, client: Client, operation: Operation) -> bool:
        """Whether the client has a template for the operation's form."""
        return self._layers.find(client.template(operation)) is not None

    def render(self, client: Client, view: View) -> Rendered:
        """The program, strictly: whatever is wrong in it is an error at its template's line.

        Raises:
            SamplegenError: With the template, the line and the operation.
        """
        subject = self._subject
        if subject is None or subject.view is not view:
            self._subject = subject = self._of(view)
        of = subject.of
        if client.name not in of.rendered:
            text = self._by_jinja(client, view)
            of.rendered.add(client.name)
            return Rendered(text)
        if client.name not in of.programs:
            of.programs[client.name] = self._traced(client, subject)
        made = of.programs[client.name]
        try:
            filled = made and made(subject.values)
        except Exception:  # Jinja knows the line
            filled = None
        if filled is not None:
            return Rendered(filled)
        return Rendered(self._by_jinja(client, view))

    def _of(self, view: View) -> _Subject:
        if len(self._structures) >= _MOST_STRUCTURES:
            self._structures.clear()
            self._trace = Trace(only_code)
            self._tracings.clear()
        of = self._structures.setdefault(structure(view), _Structure())
        return _Subject(view, of, Values(self._trace, view))

    def _by_jinja(self, client: Client, view: View) -> str:
        name = client.template(view.operation)
        template = self._templates.get(name) or self._template(name, client, view.operation)
        self._check_options(name, client, view.asked)
        try:
            text = "".join(template.root_render_func(template.new_context(view.context)))
            first, *others = map(client.language.kind.lines, by_calls(text))
            calls = zip(map(in_call, others[::2]), others[1::2], strict=True)
            return "".join([first, *chain.from_iterable(calls)])
        except Exception:
            self._check(template, view)
            raise

    def _traced(self, client: Client, subject: _Subject) -> Program | None:
        """The program with places for values; None if its template looks into values."""
        view, trace = subject.view, self._trace
        trace.begin(subject.values)
        try:
            template = self._tracing(client).get_template(client.template(view.operation))
            context = template.new_context(outline(view, trace))
            text = trace.text(template.root_render_func(context))
            return program(text, client.language.kind, trace)
        except (Exception, UntraceableError):
            return None

    def _check(self, template: jinja2.Template, view: View) -> None:
        """Renders in the way in which Jinja finds the line of an error in the template.

        Raises:
            SamplegenError: With the template, the line and the operation.
        """
        try:
            template.render(view.context)
        except Exception as error:
            name = template.name or ""
            raise SamplegenError(self._problem(error, name, view.operation)) from error

    def linked(self, client: Client, operation: Operation) -> dict[str, Linked]:
        """The operation's template as one text, and the templates of macros that it draws on.

        Returns:
            By name, the operation's own first.

        Raises:
            SamplegenError: With the template and the line.
        """
        name = client.template(operation)
        self._template(name, client, operation)
        environment = self._environment(client)
        found: dict[str, Linked] = {}
        wanted = [name]
        while wanted:
            name = wanted.pop(0)
            if name not in found:
                environment.get_template(name)
                found[name] = self._loader.linked[name]
                source = environment.parse(found[name].text, name)
                wanted += filter(None, meta.find_referenced_templates(source))
        return found

    def _check_options(self, name: str, client: Client, asked: Sequence[Option]) -> None:
        """Refuses an option of the connection that the template would leave out.

        Raises:
            SamplegenError: With each of them.
        """
        missing = [
            option
            for option in asked
            if client.transport in option.transports
            and not option.names(client.transport) & self._names_in(name, client)
        ]
        if missing:
            frame = self._loader.linked[name].files[-1]
            raise SamplegenError(
                *(
                    f"{client.name} has no template for --{option.name}; add its lines to "
                    f"templates/{frame}, which sees it as {next(iter(option.context))!r}"
                    for option in missing
                )
            )

    def _names_in(self, name: str, client: Client) -> set[str]:
        """The names that a template uses and does not set."""
        if name not in self._names:
            source = self._environment(client).parse(self._loader.linked[name].text, name)
            self._names[name] = meta.find_undeclared_variables(source)
        return self._names[name]

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
        own: dict[str, Callable[..., Any]] = {
            "text": markdown.text,
            "code": markdown.code,
            "block": markdown.block,
            "comma": filters.comma,
        }
        return self._made(own)

    def _template(self, name: str, client: Client, operation: Operation) -> jinja2.Template:
        try:
            self._templates[name] = self._environment(client).get_template(name)
        except Exception as error:
            raise SamplegenError(self._problem(error, name, operation)) from error
        return self._templates[name]

    def _environment(self, client: Client) -> _Environment:
        folder = client.name.partition("/")[0]
        if folder not in self._environments:
            self._environments[folder] = self._made(filters.of_language(client.language))
        return self._environments[folder]

    def _tracing(self, client: Client) -> jinja2.Environment:
        """The same for templates that see holes."""
        folder, trace = client.name.partition("/")[0], self._trace
        if folder not in self._tracings:
            codes = self._environment(client).bytecode_cache
            made = self._made({}, finalize=trace.finalize, bytecode_cache=codes)
            own = {**filters.of_language(client.language), **FILTERS}
            made.filters |= {name: trace.deferring(function) for name, function in own.items()}
            made.filters["~"] = trace.deferring(joined, makes_code=False)
            made.concat = trace.concat
            self._tracings[folder] = made
        return self._tracings[folder]

    def _made(self, own: Mapping[str, Callable[..., Any]], **options: Any) -> _Environment:
        settings: dict[str, Any] = {
            "loader": self._loader,
            "extensions": [NoWayAround],
            "undefined": jinja2.StrictUndefined,
            "trim_blocks": True,
            "lstrip_blocks": True,
            "keep_trailing_newline": True,
            "finalize": only_code,
            "bytecode_cache": _Codes(),
            "auto_reload": False,
            "cache_size": -1,
        }
        environment = _Environment(**{**settings, **options})
        environment.filters |= {**FILTERS, **own}
        del environment.filters["attr"]  # another way to private names
        return environment

    def _problem(self, error: Exception, name: str, operation: Operation) -> Problem:
        """Tells a failed render at its innermost template line."""
        if isinstance(error, jinja2.TemplateSyntaxError):
            file, line = self._place(error.name or name, error.lineno)
            return Problem(f"not a template: {error.message}", self._path(file), line)
        if isinstance(error, jinja2.TemplateNotFound):
            message = f"no such template; add it, wanted by the operation {operation.name!r}"
            return Problem(message, Path("templates") / (error.name or name))
        frames = traceback.extract_tb(error.__traceback__)
        frame = next((f for f in reversed(frames) if f.filename in self._loader.linked), None)
        message = f"{error} (while rendering the operation {operation.name!r})"
        if frame is None:
            return Problem(message, Path("templates") / name)
        file, line = self._place(frame.filename, frame.lineno or 1)
        return Problem(message, self._path(file), line)

    def _place(self, name: str, line: int) -> tuple[str, int]:
        """Where a line of a linked template comes from: the template and its line."""
        linked = self._loader.linked.get(name)
        return linked.places[line - 1] if linked else (name, line)

    def _path(self, name: str) -> Path:
        path = self._layers.find(name)
        return shown(path) if path else Path("templates") / name
