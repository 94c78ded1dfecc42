"""Statements as templates hold them, laid out: google-java-format changes nothing."""

import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from samplegen.render.layout.java import JavaLayout
from samplegen.render.layout.marks import plain, value
from samplegen.render.literals.java import JAVA
from tests.conftest import missing

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[1]
Code = st.SearchStrategy[str]
Formatter = Callable[[str], str]

SERVER = """
import com.google.googlejavaformat.java.Formatter;
import java.io.*;

class Server {
  public static void main(String[] args) throws Exception {
    Formatter formatter = new Formatter();
    DataInputStream in = new DataInputStream(System.in);
    DataOutputStream out = new DataOutputStream(System.out);
    while (true) {
      byte[] program = new byte[in.readInt()];
      in.readFully(program);
      String answer;
      try {
        answer = formatter.formatSource(new String(program, "UTF-8"));
      } catch (Throwable e) {
        answer = "no program: " + e;
      }
      byte[] bytes = answer.getBytes("UTF-8");
      out.writeInt(bytes.length);
      out.write(bytes);
      out.flush();
    }
  }
}
"""
"""Formats one program after another: each, like each answer, stands behind its length."""
EXPORTS = [
    f"--add-exports=jdk.compiler/com.sun.tools.javac.{package}=ALL-UNNAMED"
    for package in ("api", "code", "file", "parser", "tree", "util")
]


@pytest.fixture(scope="session")
def formatted(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Formatter]:
    """google-java-format as the judge has it, in one process for all programs."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            missing(f"{program} is missing; sudo apt install default-jdk-headless maven")
    cache = getattr(pytestconfig, "cache", None)  # CI has none
    kept = cache.mkdir("google-java-format") if cache else tmp_path_factory.mktemp("format")
    jar = _jar(kept)
    source = tmp_path_factory.mktemp("server") / "Server.java"
    source.write_text(SERVER)
    command = ["java", *EXPORTS, "-cp", str(jar), str(source)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        programs, answers = server.stdin, server.stdout
        assert programs is not None and answers is not None

        def formatted(program: str) -> str:
            sent = program.encode()
            programs.write(struct.pack(">i", len(sent)) + sent)
            programs.flush()
            (length,) = struct.unpack(">i", answers.read(4))
            return answers.read(length).decode()

        try:
            yield formatted
        finally:
            server.kill()


def _jar(cache: Path) -> Path:
    """The formatter's jar, which Maven fetches once."""
    jar = cache / "google-java-format-all-deps.jar"
    if not jar.exists():
        language = yaml.safe_load((ROOT / "templates/java/language.yaml").read_text())
        (command,) = (c for c in language["prepare"] if c[0] == "mvn")
        words = [word.replace("{cache}", str(cache)) for word in command]
        subprocess.run(words, cwd=cache, check=True, timeout=300)
    return jar


# Random code, as it stands on one line


def _text(alphabet: str, longest: int) -> st.SearchStrategy[str]:
    """Texts that have each length as often."""
    return st.integers(0, longest).flatmap(lambda n: st.text(alphabet, min_size=n, max_size=n))


NAMES = st.tuples(st.sampled_from("abxyz"), _text("abcXY2", 24)).map(lambda n: f"{n[0]}{n[1]}_")
NAMES |= st.sampled_from(["m", "map", "list", "model", "stream", "toBuilder", "request", "of"])
TYPES = st.tuples(st.sampled_from("ABM"), _text("abcXY", 16)).map("".join)
CONSTANTS = st.sampled_from(["K", "SECONDS", "MODEL_NAME", "A_CONSTANT_WITH_A_LONG_NAME"])
GENERICS = TYPES | st.sampled_from(
    ["Map<String, List<Integer>>", "List<String>", "Metadata.Key<String>", "int", "var", "float[]"]
)
TEXTS = _text("abcdefgh  \"'\\\n#()[]{},;=:%?>\u65e5\u00e9\U0001f600\u2028", 100)
MARKED = TEXTS.map(lambda text: f"http://{value('host', text)}/v2")
STRINGS = (TEXTS | MARKED).map(JAVA.quote)
NUMBERS = (
    st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 99) | st.floats() | st.booleans()
).map(lambda number: plain(JAVA.values([number], "FP32"))[1:-1])
ATOMS = NAMES | STRINGS | NUMBERS | CONSTANTS


def _joined(items: Code, longest: int = 6) -> Code:
    return st.lists(items, max_size=longest).map(", ".join)


def _arrays(items: Code) -> Code:
    return st.lists(items, min_size=1, max_size=30).map(lambda found: f"{{{', '.join(found)}}}")


def _numbers(numbers: "st.SearchStrategy[Any]") -> Code:
    """Arrays of numbers of any length, of which some nearly fit on a line."""
    lengths = st.integers(0, 40)
    found = lengths.flatmap(lambda n: st.lists(numbers, min_size=n, max_size=n))
    return found.map(lambda numbers: JAVA.values(numbers, "FP32"))


NUMBER_ARRAYS = st.one_of(
    _numbers(st.integers(-9, 999)),
    _numbers(st.integers(-(2**40), 2**40)),
    _numbers(st.sampled_from([1.5, 100.0, 0.33333334, -2.25])),
    _numbers(st.floats(width=32)),
    _numbers(st.booleans()),
)
TEXT_ARRAYS = _numbers(_text("ab\u65e5,", 12)) | st.lists(TEXTS, max_size=8).map(JAVA.values)


def _calls(inner: Code) -> Code:
    """Calls, as they may stand as a statement."""
    arguments = _joined(inner).map(lambda found: f"({found})")
    call = st.tuples(NAMES, arguments).map("".join)
    created = st.tuples(TYPES | st.just("ArrayList<>"), arguments).map(
        lambda c: f"new {c[0]}{c[1]}"
    )
    start = NAMES | TYPES | CONSTANTS | st.just("this") | call | created | STRINGS
    start |= st.tuples(NAMES, inner).map(lambda found: f"{found[0]}[{found[1]}]")
    links = st.lists(NAMES | CONSTANTS | TYPES | call | call, max_size=4)
    chain = st.tuples(start, links, call).map(lambda c: ".".join([c[0], *c[1], c[2]]))
    return call | chain


def _operands(inner: Code) -> Code:
    """What may stand beside an operator."""
    call = _calls(inner)
    sized = st.tuples(TYPES, inner).map(lambda found: f"new {found[0]}[{found[1]}]")
    cast = st.tuples(st.sampled_from(["int", "Foo"]), NAMES | call).map(
        lambda c: f"({c[0]}) {c[1]}"
    )
    return call | sized | cast | call.map("!{}".format) | inner.map(lambda found: f"({found})")


def _any(inner: Code) -> Code:
    operand = _operands(inner)
    operators = st.lists(
        st.sampled_from(["+", "+", "-", "*", "&&", "==", "<"]), min_size=1, max_size=5
    )
    binary = operators.flatmap(
        lambda found: st.lists(
            operand | ATOMS, min_size=len(found) + 1, max_size=len(found) + 1
        ).map(
            lambda operands: (
                operands[0] + "".join(f" {o} {x}" for o, x in zip(found, operands[1:], strict=True))
            )
        )
    )
    lambdas = st.tuples(
        NAMES | st.just("()") | _joined(NAMES).map(lambda names: f"({names})"), operand
    ).map(" -> ".join)
    reference = st.tuples(TYPES | NAMES | _calls(inner), NAMES | st.just("new")).map("::".join)
    array = st.tuples(TYPES, _arrays(inner)).map(lambda found: f"new {found[0]}[] {found[1]}")
    conditional = st.tuples(operand, operand, operand).map(lambda c: f"{c[0]} ? {c[1]} : {c[2]}")
    return operand | operand | binary | lambdas | reference | array | conditional


VALUES: Code = st.recursive(ATOMS, _any, max_leaves=25)
NESTED: Code = st.recursive(
    STRINGS | NUMBERS,
    lambda inner: (
        _joined(inner, 8).map("List.of({})".format)
        | _joined(st.tuples(STRINGS, inner).map(", ".join), 5).map("Map.of({})".format)
    ),
    max_leaves=40,
)
"""Messages of any depth."""


def _declared(kind: Code, given: Code) -> Code:
    return st.tuples(kind, NAMES, given).map(lambda d: f"{d[0]} {d[1]} = {d[2]};")


CALLS = _calls(VALUES | NESTED)
STATEMENTS: Code = st.one_of(
    _declared(GENERICS, VALUES | NESTED),
    _declared(st.sampled_from(["int[]", "float[]"]), NUMBER_ARRAYS),
    _declared(st.just("String[]"), TEXT_ARRAYS),
    _declared(st.just("Object[]"), _arrays(VALUES)),
    _declared(st.just("int[][]"), _arrays(_arrays(NUMBERS))),
    st.tuples(NAMES, VALUES | NESTED).map(lambda a: f"{a[0]} = {a[1]};"),
    st.tuples(NAMES, NAMES, VALUES).map(lambda a: f"{a[0]}.{a[1]} += {a[2]};"),
    CALLS.map("{};".format),
    st.tuples(TYPES, _joined(VALUES)).map(lambda e: f"throw new {e[0]}({e[1]});"),
    VALUES.map("return {};".format),
    _declared(GENERICS.filter(lambda t: t != "int"), VALUES).map(lambda d: f"try ({d[:-1]}) {{"),
    VALUES.map("if ({}) {{".format),
    VALUES.map("while ({}) {{".format),
)
FIELDS = _declared(TYPES.map("private static final {}".format), VALUES)


def _program(statements: Sequence[str], fields: Sequence[str] = ()) -> str:
    lines = ["class Main {", *(f"  {field}" for field in fields)]
    lines += ["", "  void call() {"] if fields else ["  void call() {"]
    for statement in statements:
        lines.append(f"    {statement}")
        if statement.endswith("{"):
            lines += ["      call();", "    }"]
            if statement.startswith("try"):
                lines[-1:] = ["    } finally {", "    }"]
    return "\n".join([*lines, "  }", "}", ""])


# Tests


@pytest.mark.timeout(600)
@settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(STATEMENTS, min_size=1, max_size=4), st.lists(FIELDS, max_size=1))
@example([f'A a_ = ((m("{":" * 65}%".a_()::a_, a_, a_)));'], [])  # it only begins with a text
@example([f'A a_ = m("{":" * 65}%".formatted(b_), a_, a_);'], [])
@example([f'A a_ = m("{":" * 65}%", a_, a_, a_, a_, a_, a_, a_, a_);'], [])
def test_the_formatter_changes_nothing(
    formatted: Formatter, statements: list[str], fields: list[str]
) -> None:
    program = plain(JavaLayout().lay_out(_program(statements, fields)))
    assert formatted(program) == program


@pytest.mark.timeout(600)
def test_calls_are_nested_a_hundred_deep(formatted: Formatter) -> None:
    statement = "message = " + 'Map.of("key", ' * 100 + "1" + ")" * 100 + ";"
    program = JavaLayout().lay_out(_program([statement]))
    assert len(program.splitlines()) > 200
    assert formatted(program) == program


@pytest.mark.parametrize(
    "line",
    [
        "    // a comment, " + "which is as long as it is, " * 5,
        "    Runnable runnable = () -> { call(); " + "call(); " * 12 + "};",
        "    List<String> names = Collections.<String>emptyList(" + "1, " * 30 + "2);",
        '    request.setName("' + "x" * 90 + '"); // its name',
        '    request.setName("' + "x" * 90 + '"',
        "    switch (" + "x" * 90 + ") {",
        "    message = " + "of(" * 500 + ")" * 500 + ";",
        "",
    ],
)
def test_what_is_not_read_stays_as_it_is(line: str) -> None:
    assert JavaLayout().lay_out(line) == line


def test_a_character_counts_as_java_counts_it() -> None:
    fits = '    request.setModelName("' + "\u6a21" * 71 + '");'
    assert JavaLayout().lay_out(fits) == fits
    long = '    request.setModelName("' + "\U0001d400" * 38 + '");'
    assert JavaLayout().lay_out(long) == long.replace("(", "(\n        ")


def test_items_share_lines_only_if_all_are_short() -> None:
    layout = JavaLayout()
    short = "    float[] data = " + JAVA.values([0.333333] * 40, "FP32") + ";"
    assert plain(layout.lay_out(short)).count("\n") == 6
    long = "    float[] data = " + JAVA.values([0.3333333] * 40, "FP32") + ";"
    assert plain(layout.lay_out(long)).count("\n") == 41


def test_long_arrays_are_broken_in_linear_time() -> None:
    array = "    int[] data = " + JAVA.values([*range(300_000)]) + ";"
    started = time.process_time()
    lines = plain(JavaLayout().lay_out(array)).split("\n")
    assert time.process_time() - started < 10
    assert max(map(len, lines)) <= 100
