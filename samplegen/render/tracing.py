"""What a template does with values that it never sees, so that others can take their place.

Operations of one structure differ in texts and numbers only. A template is rendered once with holes
where these stand: values that can be passed on, printed and sent through filters. What is made of
them is recorded, step by step, and done again for each operation. What a template asks of a hole,
such as whether a text has a percent sign, has to have the same answer then. One that asks for more
is given up by `UntraceableError`.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NoReturn

from samplegen.render.layout.marks import SEPARATOR, label, mark
from samplegen.render.literals import Code

_LABEL = label("=")
_MARK = re.compile(f"{SEPARATOR}{_LABEL}:([0-9]+){SEPARATOR}")
_LINE = re.compile("[^\n]*\n|[^\n]+")
_Function = Callable[..., Any]


class UntraceableError(BaseException):
    """A template looked into a hole. No `except Exception`, as Jinja has it, catches this."""


def _refuse(*_: object) -> NoReturn:
    raise UntraceableError


class Opaque:
    """A value that tells nothing of itself."""

    __slots__ = ()
    __class__ = property(_refuse)  # isinstance asks for it


for _name in (
    *("bool", "bytes", "complex", "contains", "eq", "float", "format", "ge", "getattr", "gt"),
    *("hash", "index", "int", "iter", "le", "len", "lt", "ne", "repr", "reversed", "round", "str"),
):
    setattr(Opaque, f"__{_name}__", _refuse)


def _asks(function: _Function) -> _Function:
    return lambda hole, *arguments: hole._trace.ask(function, hole, *arguments)


class Hole(Opaque):
    """Stands for the value of a step of a trace."""

    __slots__ = ("_step", "_trace")
    __bool__ = _asks(bool)
    __contains__ = _asks(operator.contains)
    __eq__ = _asks(operator.eq)
    __getitem__ = _refuse
    __hash__ = _refuse
    __len__ = _asks(len)
    __ne__ = _asks(operator.ne)

    def __init__(self, trace: "Trace", step: int) -> None:
        """Stands for the value of the step of this number."""
        self._trace, self._step = trace, step


class Skeleton(Opaque):
    """An object of which a template sees what operations of one structure share, and holes."""

    __slots__ = ("_holes", "_of", "_shared")

    def __init__(self, of: object, shared: frozenset[str], holes: Mapping[str, Any]) -> None:
        """Has the attributes `shared` of an object, and others in place of its own."""
        self._of, self._shared, self._holes = of, shared, holes

    def __getattr__(self, name: str) -> Any:
        if name in self._holes:
            return self._holes[name]
        if name in self._shared:
            return getattr(self._of, name)
        raise UntraceableError


@dataclass(frozen=True)
class Slot:
    """Among the arguments of a step, the value of another one."""

    step: int


SUBJECT = Slot(-1)
"""Among the arguments of a step, the subject."""


@dataclass(frozen=True)
class Step:
    """The call of a function."""

    function: _Function
    given: Sequence[Any]
    """Its arguments; within them, lists are tuples."""
    named: Mapping[str, Any] = field(default_factory=dict)
    pattern: str = ""
    """If there is one: a format for `%`, of which the function takes the text that the arguments
    make."""

    def value(self, values: "Values") -> Any:
        """What the function returns, with the values of other steps."""
        given = _filled(tuple(self.given), values)
        if self.pattern:
            return self.function(self.pattern % given)
        return self.function(*given, **_filled(self.named, values))


class Values(dict[int, Any]):
    """The values of steps for one subject; each is worked out when it is first asked for."""

    def __init__(self, trace: "Trace", subject: Any) -> None:
        """Has worked out nothing yet."""
        super().__init__({SUBJECT.step: subject})
        self._steps = trace.steps

    def __missing__(self, step: int) -> Any:
        value = self[step] = self._steps[step].value(self)
        return value


class Trace:
    """The steps that templates take; one that is taken again, by whatever template, is the same."""

    def __init__(self, printed: Callable[[object], object]) -> None:
        """Nothing is recorded yet.

        Args:
            printed: Returns what Jinja prints for a value: its `finalize`.
        """
        self.steps: list[Step] = []
        self.answers: dict[int, bool | int] = {}
        """What templates were told of holes since `begin`, by the step that works it out."""
        self._subject = Values(self, None)
        self._numbers: dict[tuple[object, str], int] = {}
        self._texts: dict[int, str] = {}
        self._codes: set[int] = set()
        """The steps that make source text."""
        self._printed = printed

    def begin(self, subject: Values) -> None:
        """Begins with another template or subject."""
        self._subject, self.answers = subject, {}

    def leaf(self, name: str, read: Callable[[Any], Any]) -> Hole:
        """The hole for a value that is read from the subject; the name tells it from others."""
        return self._hole(("leaf", name), Step(read, (SUBJECT,)))

    def call(self, function: _Function, *arguments: Any, **options: Any) -> Hole:
        """The hole for what a function returns."""
        given, named = self._recorded(arguments), self._recorded(options)
        return self._hole((function, repr((given, named))), Step(function, given, named))

    def ask(self, function: _Function, *arguments: Any) -> bool | int:
        """What a function returns for the subject."""
        step = self.call(function, *arguments)._step
        answer = self._subject[step]
        if not isinstance(answer, bool | int):
            raise UntraceableError
        self.answers[step] = answer
        return answer

    def deferring(self, function: _Function, *, makes_code: bool = True) -> _Function:
        """A filter that makes a hole of holes, and else does what `function` does.

        Args:
            function: The filter.
            makes_code: Whether it returns nothing but source text.
        """

        def deferred(*arguments: Any, **options: Any) -> Any:
            if not (_has_holes(arguments) or _has_holes(options)):
                return function(*arguments, **options)
            hole = self.call(function, *arguments, **options)
            if makes_code:
                self._codes.add(hole._step)
            return hole

        return deferred

    def finalize(self, value: object) -> object:
        """What is printed for a value; a hole leaves a mark."""
        if type(value) is not Hole:
            return self._printed(value)
        step = value._step
        if step in self._texts:
            return self._texts[step]
        if step not in self._codes:
            step = self.call(self._printed, value)._step
        return mark(f"{_LABEL}:{step}")

    def lines(self, text: str, lay_out: Callable[[str], str]) -> Iterator[str | int]:
        """What `text` returned, cut into runs of lines without holes and lines with holes.

        Args:
            text: It has marks where holes are.
            lay_out: What becomes of a line once its holes are filled.

        Yields:
            Lines as they are, and the numbers of the steps that make the others.
        """
        for has_holes, lines in groupby(_LINE.findall(text), _has_mark):
            if not has_holes:
                yield "".join(lines)
                continue
            for line in lines:
                yield self._hole((lay_out, line), _formatted(lay_out, line))._step

    def concat(self, pieces: Iterable[Any]) -> Any:
        """What a template prints, as one: source text, or a hole if there is one in it."""
        text = self.text(pieces)
        return self._text(text) if _MARK.search(text) else Code(text)

    def text(self, pieces: Iterable[Any]) -> str:
        """The same with marks."""
        return "".join(str(self.finalize(p)) if type(p) is Hole else p for p in pieces)

    def _text(self, text: str) -> Hole:
        hole = self._hole(("text", text), _formatted(Code, text))
        self._texts[hole._step] = text
        return hole

    def _recorded(self, value: Any) -> Any:
        """An argument, as it can be kept."""
        kind = type(value)
        if kind is Hole:
            return Slot(value._step)
        if kind is Code:
            return Slot(self._text(value)._step)
        if kind is dict:
            return {key: self._recorded(item) for key, item in value.items()}
        if kind is tuple or kind is list:
            return tuple(map(self._recorded, value))
        if value is None or kind in (str, int, float, bool):
            return value
        raise UntraceableError

    def _hole(self, key: tuple[object, str], step: Step) -> Hole:
        number = self._numbers.setdefault(key, len(self.steps))
        if number == len(self.steps):
            self.steps.append(step)
        return Hole(self, number)


def _has_mark(line: str) -> bool:
    return _MARK.search(line) is not None


def _has_holes(value: Any) -> bool:
    if type(value) is dict:
        return any(map(_has_holes, value.values()))
    if type(value) is tuple or type(value) is list:
        return any(map(_has_holes, value))
    return type(value) is Hole


def _formatted(function: _Function, text: str) -> Step:
    """What a function makes of a text with marks; a format for `%` is the fastest way."""
    pieces = _MARK.split(text.replace("%", "%%"))
    return Step(function, [Slot(int(step)) for step in pieces[1::2]], {}, "%s".join(pieces[::2]))


def _filled(value: Any, values: Values) -> Any:
    """A recorded argument, with values in place of slots."""
    if type(value) is Slot:
        return values[value.step]
    if type(value) is tuple:
        return tuple(_filled(item, values) for item in value)
    if type(value) is dict:
        return {key: _filled(item, values) for key, item in value.items()}
    return value
