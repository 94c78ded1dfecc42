"""Code as templates hold it, a statement a line, laid out: clang-format changes nothing."""

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from random import Random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.render.layout.cpp import CppLayout
from samplegen.render.layout.marks import CLOSE_LIST, OPEN_LIST, plain, spans, value
from samplegen.render.literals.cpp import CPP
from samplegen.resources import PACKAGED
from tests.conftest import missing

pytestmark = pytest.mark.processes


@cache
def command() -> list[str]:
    """The command of the judge, which prints what it formats instead of a complaint."""
    language = yaml.safe_load((PACKAGED / "templates/cpp/language.yaml").read_text())
    [arguments] = language["format"]
    # Braces are doubled there, since those of a file's name are single ones.
    style = [a.replace("{{", "{").replace("}}", "}") for a in arguments if a.startswith("--style")]
    if shutil.which(arguments[0]) is None:
        missing(f"{arguments[0]} is missing; pip install clang-format")
    return [arguments[0], *style, "--assume-filename=program.cc"]


def formatted(program: str) -> str:
    finished = subprocess.run(
        command(), input=program.encode(), capture_output=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stderr.decode() + program
    return finished.stdout.decode()


def marked(items: list[str], before: str = "") -> str:
    """A list that may be broken."""
    return f"{before}{OPEN_LIST}{{{', '.join(items)}}}{CLOSE_LIST}"


def laid_out(text: str) -> str:
    return plain(CppLayout().lay_out(text))


# Random code


class Code:
    """Random statements, from a seed: Hypothesis would take a second for a few of them."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  it makes no secrets

    def function(self) -> str:
        """A function, with a statement in some `if` statements."""
        depth = self._random.choice([0, 0, 1, 2, 4])
        opening = ["  " * level + "if (x) {" for level in range(1, depth + 1)]
        margin = "  " * (depth + 1)
        body = [margin + line for line in self.statement().split("\n")]
        closing = ["  " * level + "}" for level in range(depth, 0, -1)]
        return "\n".join(["void F() {", *opening, *body, *closing, "}"])

    def statement(self) -> str:
        depth = self._random.randint(1, 5)
        value, call, name = self.expression(depth), self.call(depth), self.name()
        made = self._random.choice([self.nested, self.listed])(depth)
        return self._random.choice(
            [
                f"const {self.type()} {name} = {made};",
                f"const auto& {name} = {value};",
                f"{self.type()} {name}{self.listed(depth)};",
                f"{self.type()} {name}({value}, {self.expression(depth)});",
                f'{name}["{name}"] = {value};',
                f"{name} += {value};",
                f"{call};",
                f"std::cout << {call};",
                f"return {value};",
                f"x({value},\n  {made});",
                f"x(\n    {value},\n    {made});",
                f"for (const auto& x : {made}) {{\n  f(x);\n}}",
                f"if ({call}) {{\n  f(x);\n}}",
                f"Call([&](auto* context) {{ return {call}; }});",
            ]
        )

    def expression(self, depth: int) -> str:
        if not depth or self._random.random() < 0.3:
            return self.atom()
        below = depth - 1
        operator = self._random.choice(["+", "<<", "&&", "<"])
        kinds: list[Callable[[], str]] = [
            *[lambda: self.listed(depth)] * 6,
            *[lambda: self.call(depth)] * 4,
            lambda: self.braces(depth),
            lambda: f"{self.call(below)} {operator} {self.atom()}",
            lambda: f"{self.name()} ? {self.atom()} : {self.call(below)}",
        ]
        return self._random.choice(kinds)()

    def call(self, depth: int) -> str:
        methods = ["", "", "::x", ".x", "->x", "->x()->y", ".x<int>", "[0].x", "()"]
        called = f"{self.name()}{self._random.choice(methods)}({', '.join(self.items(depth, 3))})"
        return called if self._random.random() < 0.9 else f"{called}->x({self.atom()})"

    def listed(self, depth: int) -> str:
        """A list that may be broken."""
        return marked(self.items(depth, 9), self._random.choice(["", self.type()]))

    def braces(self, depth: int) -> str:
        """A list that a template writes itself, and that is not to be broken."""
        return f"{self._random.choice(['', self.type()])}{{{', '.join(self.items(depth, 4))}}}"

    def nested(self, depth: int) -> str:
        """A list of lists and numbers."""
        numbers = [str(self._random.randint(-99, 10**12)) for _ in range(self._size(9) + 1)]
        if not depth:
            return marked(numbers)
        return marked([*numbers, *(self.nested(depth - 1) for _ in range(self._size(3)))])

    def items(self, depth: int, most: int) -> list[str]:
        return [self.expression(depth - 1) for _ in range(self._size(most))]

    def type(self) -> str:
        return self._random.choice(
            ["T", "std::vector<int>", "std::map<int, std::pair<int, T>>", "std::array<long, 3>"]
        )

    def atom(self) -> str:
        number = CPP.values([self._random.choice([-(2**63), 2**64 - 1, 7, 1.5, -1e300])])
        text = "".join(
            self._random.choice([*"abc  \"'\\\n?#()[]{},;=<>日é\0", " < ", "//"])
            for _ in range(self._size(40))
        )
        texts = [text, f"http://{value('host', text)}/v2"]
        quoted = CPP.quote(self._random.choice(texts))
        return self._random.choice(
            [quoted, plain(number)[1:-1], self.name(), f"&{self.name()}", "true", "'a'"]
        )

    def name(self) -> str:
        return "n" + "".join(self._random.choice("abcxyz_") for _ in range(self._size(14)))

    def _size(self, most: int) -> int:
        return self._random.choice([0, 1, 1, 2, self._random.randint(0, most)])


SEEDS = st.integers(0, 2**32)


@given(SEEDS)
@settings(max_examples=8, deadline=None)
def test_clang_format_changes_nothing(seed: int) -> None:
    code = Code(seed)
    functions = [f"{laid_out(code.function())}\n" for _ in range(300)]
    found = re.split(r"\n(?=void)", formatted("\n".join(functions)))
    assert len(found) == len(functions)
    pairs = zip(functions, found, strict=True)
    changed = sorted((pair for pair in pairs if pair[0] != pair[1]), key=lambda pair: len(pair[0]))
    assert not changed, "\n".join(changed[0])


@given(SEEDS)
@settings(deadline=None)
def test_nothing_but_blanks_and_last_commas_is_added(seed: int) -> None:
    function = Code(seed).function()
    lines = CppLayout().lay_out(function)
    before, after = (re.sub(r"\s+", "", plain(text)) for text in (function, lines))
    assert after.replace(",}", "}") == before.replace(",}", "}")
    assert [plain(lines)[s.start : s.end] for s in spans(lines)] == [
        plain(function)[s.start : s.end] for s in spans(function)
    ]


@given(SEEDS, st.integers(0, 5))
@settings(deadline=None)
def test_each_list_fits_or_is_broken(seed: int, depth: int) -> None:
    nested = Code(seed).nested(depth)
    lines = laid_out(f"  const auto data = {nested};").split("\n")
    assert all(len(line) <= 80 or not re.search(r"\w, ", line) for line in lines)


@pytest.mark.parametrize("depth", [1, 2, 10, 40])
def test_lists_are_broken_at_any_depth(depth: int) -> None:
    nested = marked(["x" * 50, "y" * 50])
    for _ in range(depth):
        nested = marked(["1", nested])
    program = laid_out(f"void F() {{\n  const auto x = {nested};\n}}\n")
    assert formatted(program) == program
    assert f"\n{' ' * (2 + 4 * (depth + 1))}{'x' * 50},\n" in program


A, B, C = "a" * 35, "b" * 34, "c" * 35
LONG = marked([A, C])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"  x = {marked([A, B])};", f"  x = {{{A}, {B}}};"),
        (f"  x = {LONG};", f"  x = {{\n      {A},\n      {C},\n  }};"),
        (f"  fff(T{LONG});", f"  fff(T{{\n      {A},\n      {C},\n  }});"),
        (f"  f(1, {LONG});", f"  f(1, {{\n           {A},\n           {C},\n       }});"),
        (
            f"  fff({LONG}, 1, 2);",
            f"  fff({{\n          {A},\n          {C},\n      }},\n      1, 2);",
        ),
        (
            f"  x = {marked([marked(['1', '2']), marked([A, B])])};",
            f"  x = {{\n      {{1, 2}},\n      {{{A}, {B}}},\n  }};",
        ),
        (f"  x = f({LONG}) + 1;", f"  x = f({{{A}, {C}}}) + 1;"),
        (f"  if (f({LONG})) {{", f"  if (f({{{A}, {C}}})) {{"),
    ],
    ids=["fits", "value", "argument", "last", "first", "nested", "operand", "condition"],
)
def test_which_lists_are_broken(line: str, expected: str) -> None:
    assert laid_out(line) == expected
