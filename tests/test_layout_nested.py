"""Values within values, of any depth, come out as the language's own formatter leaves them."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from samplegen.render.layout.marks import plain
from samplegen.render.literals import LITERALS
from tests.conftest import missing

pytestmark = pytest.mark.processes

CHARACTERS = st.characters(codec="utf-8", exclude_categories=["C", "Z"])
WORDS = st.text(CHARACTERS, min_size=1, max_size=45)
SCALARS = (
    WORDS | st.text(max_size=12) | st.integers(-(2**40), 2**40) | st.booleans() | st.none()
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=30,
)
LONG = {"name": ["x" * 30] * 4, "k": {"a": 1, "bb" * 30: [1.5] * 30, "c": {"d": [], "e": {}}}}


def formatted(command: list[str], program: str, folder: Path, name: str) -> str:
    """What the formatter makes of a program."""
    path = folder / name
    path.write_text(program)
    finished = subprocess.run(
        [*command, str(path)], capture_output=True, timeout=60, check=False, text=True
    )
    assert finished.returncode == 0, f"{finished.stderr}\n{program}"
    return finished.stdout


def go(values: list[str]) -> str:
    return "package main\n\nvar (\n" + "\n".join(f"\t_ = {v}" for v in values) + "\n)\n"


def cpp(values: list[str]) -> str:
    lines = (f"  const auto value{n} = {value};\n" for n, value in enumerate(values))
    return "void Run() {\n" + "".join(lines) + "}\n"


def python(values: list[str]) -> str:
    return "".join(f"value = {value}\n" for value in values)


STYLE = "--style={BasedOnStyle: Google, ColumnLimit: 0}"
RUFF = ["ruff", "format", "--isolated", "--quiet", "--stdin-filename", "program.py", "-"]
Case = tuple[str, list[str], str, Callable[[list[str]], str]]
CASES: dict[str, Case] = {
    "go": ("go", ["gofmt"], "program.go", go),
    "c++": ("c++", ["clang-format", STYLE], "program.cc", cpp),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    found = CASES[request.param]
    if shutil.which(found[1][0]) is None:
        missing(f"{found[1][0]} is missing")
    return found


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(VALUES, min_size=1, max_size=12))
@example([LONG, [LONG, [LONG]], [[[]]], {"a": {}}, "x"])
def test_the_formatter_changes_nothing(case: Case, tmp_path: Path, values: list[Any]) -> None:
    language, command, name, program = case
    literals = LITERALS[language]
    text = plain(literals.layout.lay_out(program([literals.value(value) for value in values])))
    assert formatted(command, text, tmp_path, name) == text


@settings(max_examples=25, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=12))
@example([LONG, [LONG, [LONG]], [[[]]], {"a": {}}, "x"])
def test_ruff_changes_nothing(values: list[Any]) -> None:
    literals = LITERALS["python"]
    text = plain(literals.layout.lay_out(python([literals.value(value) for value in values])))
    finished = subprocess.run(RUFF, input=text, capture_output=True, timeout=60, text=True)
    assert finished.stdout == text, finished.stderr
