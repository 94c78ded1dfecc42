"""Code as templates hold it, a statement or an item a line, laid out: ruff changes nothing."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.render.layout.marks import CLOSE_LIST, OPEN_LIST, plain, value
from samplegen.render.layout.python import PythonLayout
from samplegen.render.literals import LITERALS

pytestmark = pytest.mark.processes

PYTHON = LITERALS["python"]
Texts = st.SearchStrategy[str]


def laid_out(text: str) -> str:
    return plain(PythonLayout().lay_out(text))


def formatted(text: str) -> str:
    """The text as `ruff format` writes it."""
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "-"]
    run = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr.decode() + text
    return run.stdout.decode()


# Random code


def _joined(pieces: list[str], longest: int) -> Texts:
    """Texts of random pieces; each number of pieces is as likely."""
    piece = st.sampled_from(pieces)
    lengths = st.integers(1, longest)
    return lengths.flatmap(lambda n: st.lists(piece, min_size=n, max_size=n)).map("".join)


def _listed(brackets: str, items: list[str]) -> str:
    return f"{OPEN_LIST}{brackets[0]}{', '.join(items)}{brackets[1]}{CLOSE_LIST}"


def _calls(arguments: Texts) -> Texts:
    """Calls of functions and methods, of arguments in order or by name."""
    functions = st.lists(NAMES, min_size=1, max_size=2).map(".".join)
    in_order = st.lists(arguments | NAMES.map("*{}".format), max_size=4)
    by_name = st.lists(st.tuples(NAMES, arguments).map("=".join), min_size=1, max_size=3)
    return st.tuples(functions, (in_order | by_name).map(", ".join)).map(
        lambda call: f"{call[0]}({call[1]})"
    )


NAMES = _joined([*"abcxyz_"], 20).map("n{}".format)
CHARACTERS = [*"abcdefgh  \"'\\\n#()[]{},=:日é😀", " for ", " if ", " = "]
QUOTED = _joined(CHARACTERS, 90)
STRINGS = (QUOTED | QUOTED.map(lambda host: f"http://{value('host', host)}/v2")).map(PYTHON.quote)
FORMATTED = QUOTED.map(PYTHON.quote).map(
    lambda literal: "f" + literal.replace("{", "{{").replace("}", "}}")
)
NUMBERS = (st.integers() | st.floats()).map(lambda number: plain(PYTHON.values([number]))[1:-1])
ATOMS = NAMES | STRINGS | NUMBERS | st.sampled_from(["True", "None"])
NESTED: Texts = st.recursive(
    STRINGS | NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=8).map(lambda items: _listed("[]", items))
        | st.lists(st.tuples(STRINGS, inner).map(": ".join), max_size=5).map(
            lambda items: _listed("{}", items)
        )
    ),
    max_leaves=30,
)
CALLS = _calls(st.recursive(ATOMS | NESTED, _calls, max_leaves=6))
TUPLES = st.lists(ATOMS, min_size=2, max_size=4).map(lambda items: f"({', '.join(items)})")
SUBSCRIPTS = st.builds("{}[{}]".format, NAMES, ATOMS)
CHAINS = st.builds(
    "{}{}".format, CALLS, st.sampled_from([".json()", "[0]", ".reshape(1, 2)", ".data"])
)
CYCLES = st.builds("[{0}(n % {1}) for n in {0}({1})]".format, NAMES, st.integers(0))
GENERATORS = st.builds("{0}({1} for {0}, x in {2} if {0})".format, NAMES, CALLS, NAMES)
EXPRESSIONS = st.one_of(
    ATOMS, NESTED, CALLS, FORMATTED, TUPLES, SUBSCRIPTS, CHAINS, CYCLES, GENERATORS
)
COMMENTS = st.just("") | st.lists(NAMES | st.just("(a"), min_size=1).map(
    lambda words: f"  # {' '.join(words)}"
)
STATEMENTS = st.one_of(
    st.builds("{} = {}".format, NAMES, EXPRESSIONS),
    st.builds("{} = {}{}".format, NAMES, CALLS | STRINGS, COMMENTS),
    st.builds('{}["x"] = {}'.format, NAMES, EXPRESSIONS),
    st.builds("{}: dict[str, int] = {}".format, NAMES, EXPRESSIONS),
    st.builds("{} += {}".format, NAMES, EXPRESSIONS),
    CALLS,
    CALLS.map("raise {} from error".format),
    EXPRESSIONS.map("return {}".format),
    st.builds("with {} as {}:\n    pass".format, CALLS, NAMES),
    CALLS.map("for x in {}:\n    pass".format),
    st.builds("x = {{\n    {}: {},\n}}".format, STRINGS, EXPRESSIONS),
    st.builds("x(\n    {}={},\n)".format, NAMES, EXPRESSIONS),
    EXPRESSIONS.map("x = [\n    {},\n]".format),
)


def _within(statement: str, depth: int) -> str:
    """The statement, indented as often as `depth` says."""
    opening = "".join(f"{'    ' * level}if x:\n" for level in range(depth))
    return opening + "".join(f"{'    ' * depth}{line}\n" for line in statement.split("\n"))


@given(st.lists(st.builds(_within, STATEMENTS, st.integers(0, 5)), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_ruff_format_changes_nothing(statements: list[str]) -> None:
    program = laid_out("".join(statements))
    assert formatted(program) == program


@pytest.mark.parametrize("depth", [1, 2, 10, 40])
def test_values_are_laid_out_at_any_depth(depth: int) -> None:
    nested = _listed("[]", ["1", '"two"'])
    for level in range(depth):
        entry = f'"level {level}": {nested}'
        nested = _listed("[]", [_listed("{}", [entry, '"text": "x"']), "3.5"])
    program = laid_out(f"values = {nested}\n")
    assert formatted(program) == program


# What each rule makes

LONG = f'"{"x" * 76}"'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"print({LONG}, *values)", ["print(", f"    {LONG},", "    *values,", ")"]),
        (f"path_of_file = {LONG}", ["path_of_file = (", f"    {LONG}", ")"]),
        (f"text = texts[{LONG}][0]", ["text = texts[", f"    {LONG}", "][0]"]),
        (
            f'sizes_of_values = [len(x) for x in {LONG[:60]}"]',
            ["sizes_of_values = [", f'    len(x) for x in {LONG[:60]}"', "]"],
        ),
        (
            f"sizes = [len(x) for x in {LONG} if x is not None]",
            ["sizes = [", "    len(x)", f"    for x in {LONG}", "    if x is not None", "]"],
        ),
    ],
)
def test_a_long_line_is_broken_in_its_brackets(line: str, expected: list[str]) -> None:
    assert laid_out(line).split("\n") == expected
    assert formatted(f"{laid_out(line)}\n") == f"{laid_out(line)}\n"


@pytest.mark.parametrize(
    "line",
    [
        f"# print({LONG}, {LONG})",
        f"text = {LONG[:-1]}{LONG[1:]}",
        f"total = (first_of_all_values + second_of_all_values) * ({LONG})",
    ],
)
def test_a_line_that_brackets_cannot_break_stays(line: str) -> None:
    assert laid_out(line) == line


def test_connection_values_keep_their_marks() -> None:
    host = value("host", "h" * 60)
    assert PythonLayout().lay_out(f'url = f("{host}", "{host}")') == (
        f'url = f(\n    "{host}",\n    "{host}",\n)'
    )
