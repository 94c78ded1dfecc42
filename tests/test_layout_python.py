"""Statements as templates hold them, on one line each, laid out: `ruff format` changes nothing."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.layout.marks import CLOSE_LIST, OPEN_LIST, plain, value
from samplegen.layout.python import PythonLayout
from samplegen.render.literals.python import PYTHON

Code = st.SearchStrategy[str]


def laid_out(text: str) -> str:
    return plain(PythonLayout().lay_out(text))


def formatted(text: str) -> str:
    """The text as `ruff format` writes it."""
    command = ["ruff", "format", "--isolated", "--stdin-filename", "program.py", "-"]
    run = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr.decode() + text
    return run.stdout.decode()


def _listed(brackets: str, items: list[str]) -> str:
    return f"{OPEN_LIST}{brackets[0]}{', '.join(items)}{brackets[1]}{CLOSE_LIST}"


def _text(pieces: str | list[str], shortest: int, longest: int) -> st.SearchStrategy[str]:
    """Texts that have each number of pieces as often."""
    piece = st.sampled_from(pieces)
    lengths = st.integers(shortest, longest)
    texts = lengths.flatmap(lambda n: st.lists(piece, min_size=n, max_size=n))
    return texts.map("".join)


NAMES = _text("abcxyz_", 1, 20).map(lambda name: f"n{name}")
TEXTS = _text([*"abcdefgh  \"'\\\n#()[]{},=:\u65e5\u00e9\U0001f600", " for ", " if ", " = "], 0, 90)
MARKED = TEXTS.map(lambda text: f"http://{value('host', text)}/v2")
STRINGS = (TEXTS | MARKED).map(PYTHON.quote)
NUMBERS = (st.integers() | st.floats()).map(lambda number: plain(PYTHON.values([number]))[1:-1])
ATOMS = NAMES | STRINGS | NUMBERS | st.sampled_from(["True", "None"])
VALUES: Code = st.recursive(
    STRINGS | NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=8).map(lambda items: _listed("[]", items))
        | st.lists(st.tuples(STRINGS, inner).map(": ".join), max_size=5).map(
            lambda items: _listed("{}", items)
        )
    ),
    max_leaves=30,
)


def _calls(arguments: Code) -> Code:
    functions = st.lists(NAMES, min_size=1, max_size=2).map(".".join)
    named = st.tuples(NAMES, arguments).map("=".join)
    return st.tuples(
        functions,
        st.lists(arguments, max_size=4).map(", ".join)
        | st.lists(named, min_size=1, max_size=3).map(", ".join),
    ).map(lambda call: f"{call[0]}({call[1]})")


CALLS = _calls(st.recursive(ATOMS | VALUES, _calls, max_leaves=6))
FORMATTED = TEXTS.map(PYTHON.quote).map(
    lambda text: f"f{text}".replace("{", "{{").replace("}", "}}")
)
TUPLES = st.lists(ATOMS, min_size=2, max_size=4).map(lambda items: f"({', '.join(items)})")
SUBSCRIPTS = st.tuples(NAMES, ATOMS).map(lambda pair: f"{pair[0]}[{pair[1]}]")
METHODS = st.tuples(CALLS, st.sampled_from([".json()", "[0]", ".reshape(1, 2)", ".data"])).map(
    "".join
)
CYCLES = st.tuples(NAMES, NAMES, NAMES, st.integers(0)).map(
    lambda names: "[{0}({1} % {3}) for {1} in {2}({3})]".format(*names)
)
GENERATORS = st.tuples(NAMES, CALLS, NAMES, NAMES).map(
    lambda parts: "{0}({1} for {2} in {3} if {2})".format(*parts)
)
TARGETS = NAMES | NAMES.map(lambda name: f'x["{name}"]')
EXPRESSIONS = st.one_of(
    ATOMS, VALUES, CALLS, FORMATTED, TUPLES, SUBSCRIPTS, METHODS, CYCLES, GENERATORS
)
STATEMENTS: Code = st.one_of(
    st.tuples(TARGETS, EXPRESSIONS).map(" = ".join),
    st.tuples(NAMES, EXPRESSIONS).map(" += ".join),
    st.tuples(NAMES, EXPRESSIONS).map(": dict[str, int] = ".join),
    CALLS,
    CALLS.map(lambda call: f"raise {call} from error"),
    EXPRESSIONS.map(lambda returned: f"return {returned}"),
    st.tuples(CALLS, NAMES).map(lambda pair: f"with {pair[0]} as {pair[1]}:\n    pass"),
    CALLS.map(lambda call: f"for x in {call}:\n    pass"),
    st.tuples(STRINGS, EXPRESSIONS).map(lambda entry: f"x = {{\n    {entry[0]}: {entry[1]},\n}}"),
    st.tuples(NAMES, EXPRESSIONS).map(lambda argument: f"x(\n    {argument[0]}={argument[1]},\n)"),
    EXPRESSIONS.map(lambda item: f"x = [\n    {item},\n]"),
)


def _within(statement: str, depth: int) -> str:
    opening = "".join(f"{'    ' * level}if x:\n" for level in range(depth))
    return opening + "".join(f"{'    ' * depth}{line}\n" for line in statement.split("\n"))


PROGRAMS = st.lists(st.builds(_within, STATEMENTS, st.integers(0, 5)), min_size=1, max_size=12)


@given(PROGRAMS)
@settings(max_examples=60, deadline=None)
def test_ruff_format_changes_nothing(statements: list[str]) -> None:
    program = laid_out("".join(statements))
    assert formatted(program) == program
