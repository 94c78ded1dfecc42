"""No value can leave its literal: values go through the real filters, and programs give them back.

Each example renders many values into one program, runs it, and compares what it says they are.
"""

import ast
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from unicodedata import category, east_asian_width

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from samplegen.render.clients import Client, Language
from samplegen.render.layout.marks import Span, plain, spans, value
from samplegen.render.literals import LITERALS, LiteralError
from samplegen.render.renderer import Renderer
from samplegen.render.view import view
from samplegen.resources import Layers, spec_layers
from samplegen.spec.operation import Call, Expectation, Operation
from samplegen.spec.reading import Spec
from samplegen.spec.tensors import Tensor
from tests.conftest import need

API = Spec(spec_layers()).api

HOSTILE = [
    "", " ", "'", '"', "''", '""', "'\"'", "\\", "\\\\", "\\'", '\\"', "\\n", "\n", "\r\n", "\r",
    "\t", "$", "$HOME", "${HOME}", "$(id)", "`id`", "'; rm -rf /; '", '"; rm -rf /; "', "# no",
    "*", "~", "!", "!!", "&&", "|", ";", "-n", "--", "a=b", "{{", "}}", "{{ 7 * 7 }}", "{%", "{#",
    "%s", "{0}", "EOF", "JSON\n", "\x1b[31m", "\x07", "\x7f", "\x85", "\xa0", "\u2028", "\u202e",
    "\u200b", "\ufeff", "\ufffe", "\U0001f600", "e\u0301", "\u4f60\u597d", "\U000e0041", '"""',
    "'''", "\\u0041", "\\x41", "\\N{DASH}", "</script>", "<!--", "]]>", "coding: rot13", "a" * 200,
]  # fmt: skip
TEXTS = st.lists(
    st.sampled_from(HOSTILE)
    | st.text(max_size=20)
    | st.lists(st.sampled_from(HOSTILE), max_size=4).map("".join),
    min_size=1,
    max_size=40,
)
"""Lists of texts without lone surrogates: those that UTF-8 can write."""
SURROGATES = st.text(st.characters(categories=["Cs", "Lu", "So"]), max_size=6)
INTEGERS = st.integers() | st.integers(-(10**400), 10**400)
FLOATS = st.floats() | st.sampled_from([5e-324, -0.0, 1e16, 1e22, 1e-5, 1.7976931348623157e308])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("literals")


def rendered(folder: Path, literals: str, template: str, values: Sequence[object]) -> str:
    """What a template makes of values: texts as names of outputs, all else as an input's data."""
    name = f"{literals}{abs(hash(template))}/toy"
    path = folder / name / "form.toy.jinja"
    if not path.exists():
        path.parent.mkdir(parents=True)
        path.write_text(template)
    language = Language(
        title="Toy", lexer="text", file="{operation}.toy", literals=literals, run=("true",)
    )
    client = Client(
        title="Toy", tab="toy", transport="rest", install="", name=name, language=language
    )
    texts = [value for value in values if isinstance(value, str)]
    data = tuple(value for value in values if isinstance(value, bool | int | float))
    operation = Operation(
        name="operation",
        title="",
        summary="",
        form="form",
        calls=(Call(rpc="Call", rest="GET /"),),
        inputs=(Tensor(name="", datatype="BYTES", shape=(), data=data),),
        outputs=tuple(Tensor(name=text, datatype="BYTES", shape=()) for text in texts),
        expect=(Expectation(label="a", value=(1,)),),
    )
    return Renderer(Layers((folder,))).render(client, view(API, operation)).text


def run(command: Sequence[str], program: bytes) -> bytes:
    return subprocess.run(
        command, input=program, capture_output=True, check=True, timeout=30
    ).stdout


PYTHON_TEXTS = """\
print(ascii([
{% for name in operation.output_names %}
    {{ name | quote }},
{% endfor %}
]))
print(ascii({{ operation.output_names | values }}))
"""


@pytest.mark.processes
@given(TEXTS, st.lists(SURROGATES, max_size=5))
@settings(max_examples=12, deadline=None)
@example(HOSTILE, ["\ud800", "\udfff\udc00", "\ud83d\ude00"])
def test_python_gives_texts_back(folder: Path, texts: list[str], surrogates: list[str]) -> None:
    texts = [*texts, *surrogates]
    program = rendered(folder, "python", PYTHON_TEXTS, texts).encode()
    lines = run([sys.executable, "-"], program).decode().splitlines()
    assert [ast.literal_eval(line) for line in lines] == [texts, texts]


PYTHON_VALUES = "DATA = {{ operation.inputs[0].data | values }}\nprint(repr(DATA))\n"


@pytest.mark.processes
@given(st.lists(INTEGERS, max_size=20))
@settings(max_examples=6, deadline=None)
@example([10**4000, -(10**400), 0])
def test_python_gives_integers_back(folder: Path, values: list[int]) -> None:
    program = rendered(folder, "python", PYTHON_VALUES, values).encode()
    assert ast.literal_eval(run([sys.executable, "-"], program).decode()) == values


@pytest.mark.processes
@given(st.lists(FLOATS, min_size=1, max_size=30))
@settings(max_examples=12, deadline=None)
@example([math.inf, -math.inf, math.nan, 5e-324, -0.0])
def test_python_gives_floats_back(folder: Path, values: list[float]) -> None:
    program = rendered(folder, "python", PYTHON_VALUES, values) + "print(*(v.hex() for v in DATA))"
    line = run([sys.executable, "-"], program.encode()).decode().splitlines()[-1]
    assert line.split() == [value.hex() for value in values]


@pytest.mark.processes
def test_python_gives_booleans_back(folder: Path) -> None:
    values = [True, False] * 30
    program = rendered(folder, "python", PYTHON_VALUES, values).encode()
    assert ast.literal_eval(run([sys.executable, "-"], program).decode()) == values


SHELL_TEXTS = """\
set -eu
printf '%s\\0' {{ operation.output_names | values }}
{% for name in operation.output_names %}
value={{ name | quote }}
printf '%s\\0' "$value"
{% endfor %}
"""


@pytest.mark.processes
@pytest.mark.parametrize("shell", ["sh", "bash"])
@given(TEXTS)
@settings(max_examples=15, deadline=None)
@example(HOSTILE)
def test_a_shell_gives_texts_back(folder: Path, shell: str, texts: list[str]) -> None:
    texts = [text.replace("\0", "") for text in texts]
    program = rendered(folder, "shell", SHELL_TEXTS, texts)
    path = folder / "program.sh"
    path.write_bytes(program.encode())
    found = run([shell, str(path)], b"").decode().split("\0")
    assert found == [*texts, *texts, ""]


@pytest.mark.processes
def test_a_shell_gives_many_texts_and_numbers_back_on_one_line(folder: Path) -> None:
    texts = [f"a rather long name {number}" for number in range(50)]
    program = rendered(folder, "shell", SHELL_TEXTS, texts).encode()
    assert run(["sh"], program).decode().split("\0") == [*texts, *texts, ""]
    data = "printf '%s\\n' {{ operation.inputs[0].data | values }}\n"
    numbers = [number / 7 for number in range(50)]
    program = rendered(folder, "shell", data, numbers).encode()
    assert [float(word) for word in run(["sh"], program).split()] == numbers


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "caf\udce9"])
def test_what_a_shell_word_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(LiteralError, match="a shell word cannot hold the character '"):
        LITERALS["shell"].quote(text)


JSON_TEXTS = """\
{"each": [
{% for name in operation.output_names %}
  {{ name | json }}{{ loop | comma }}
{% endfor %}
], "all": {{ operation.output_names | json_values }}}
"""
JSON_VALUES = "{{ operation.inputs[0].data | json_values }}\n"


@pytest.mark.processes
@given(TEXTS)
@settings(max_examples=15, deadline=None)
@example(HOSTILE)
def test_json_gives_texts_back_to_jq(folder: Path, texts: list[str]) -> None:
    need("jq")
    document = rendered(folder, "shell", JSON_TEXTS, texts)
    assert document.isascii(), "it stands in a program as it is"
    expected = {"each": texts, "all": texts}
    assert json.loads(document) == expected
    assert json.loads(run(["jq", "-c", "."], document.encode())) == expected


@given(st.lists(INTEGERS, max_size=30))
@settings(max_examples=30, deadline=None)
def test_json_gives_integers_back(folder: Path, values: list[int]) -> None:
    assert json.loads(rendered(folder, "python", JSON_VALUES, values)) == values


@given(st.lists(FLOATS.filter(math.isfinite), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_json_gives_floats_back(folder: Path, values: list[float]) -> None:
    found = json.loads(rendered(folder, "python", JSON_VALUES, values))
    assert [value.hex() for value in found] == [value.hex() for value in values]


def test_json_gives_booleans_back(folder: Path) -> None:
    values = [True, False] * 20
    assert json.loads(rendered(folder, "shell", JSON_VALUES, values)) == values


def test_an_empty_list_is_a_list_in_every_language(folder: Path) -> None:
    assert rendered(folder, "python", PYTHON_VALUES, []).startswith("DATA = []\n")
    assert json.loads(rendered(folder, "shell", JSON_VALUES, [])) == []
    assert LITERALS["shell"].values([]) == ""


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_refuses_what_it_has_no_number_for(value: float, folder: Path) -> None:
    with pytest.raises(Exception, match=f"JSON has no number {value}"):
        rendered(folder, "python", JSON_VALUES, [1.0, value])


# Comments


COMMENTS = st.lists(
    st.sampled_from(
        [
            *HOSTILE,
            "\u4f60\u597d" * 5,
            "-*- coding: utf-7 -*-",
            "encoding=gzip",
            "+AAo-import os",
            "word",
        ]
    )
    | st.text(max_size=12),
    max_size=40,
).map(" ".join)


@given(COMMENTS)
@settings(max_examples=150, deadline=None)
@example("Set the encoding: gzip of a text")
@example("vim: set fileencoding=utf-16 :")
def test_a_python_program_under_any_comment_is_the_same_program(text: str) -> None:
    lines = LITERALS["python"].comment(text, "# ")
    assert all(line.startswith("#") for line in lines.split("\n"))
    program = f"{lines}\n\nprint('\N{GRINNING FACE}')\n".encode()
    (statement,) = ast.parse(program).body
    assert ast.unparse(statement) == "print('\N{GRINNING FACE}')"


@pytest.mark.processes
@given(st.lists(COMMENTS, min_size=1, max_size=20))
@settings(max_examples=12, deadline=None)
@example(HOSTILE)
def test_a_shell_runs_only_what_stands_between_comments(texts: list[str]) -> None:
    shell = LITERALS["shell"]
    program = "".join(f"{shell.comment(text, '# ')}\necho {n}\n" for n, text in enumerate(texts))
    assert run(["sh"], program.encode()).split() == [b"%d" % n for n in range(len(texts))]


@given(COMMENTS, st.integers(20, 100))
@settings(max_examples=80, deadline=None)
def test_a_comment_keeps_its_words_and_its_width(text: str, width: int) -> None:
    lines = LITERALS["shell"].comment(text, "// ", width).split("\n")
    words = " ".join(line.removeprefix("//").strip() for line in lines).split()
    printable = "".join(c if c.isprintable() else " " for c in text)
    assert "".join(words) == "".join(printable.split())
    assert all(columns(line) <= width or len(line.split()) == 2 for line in lines)
    assert all(line == line.rstrip() for line in lines)


def columns(line: str) -> int:
    return sum(
        0 if category(character) in ("Mn", "Me") else 1 + (east_asian_width(character) in "WF")
        for character in line
    )


def test_an_empty_comment_is_its_prefix() -> None:
    assert LITERALS["shell"].comment("\n \0", "# ") == "#"


# Format


FORMATTED = st.text(
    st.sampled_from("ab'\"\\ \n\t\x1b\xe9\u4f60\u597d\uff01\u3042\uac00\U0001f600\u202e\ud800"),
    max_size=30,
)


@pytest.mark.processes
@given(
    st.lists(
        st.lists(FORMATTED, min_size=1, max_size=6)
        | st.lists(FLOATS, min_size=1, max_size=8)
        | st.lists(INTEGERS, min_size=1, max_size=8)
        | st.lists(st.booleans(), min_size=1, max_size=18),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=20, deadline=None)
@example([["x" * length] for length in range(60, 100)])
@example([["\u4f60" * length] for length in range(20, 60)])
@example([[1.0] * 13 + [float(10**length)] for length in range(25)])
@example([[True] * length for length in range(1, 20)])
def test_ruff_format_leaves_python_literals_alone(
    lists: list[list[bool | int | float | str]],
) -> None:
    python = LITERALS["python"]
    calls = [f"call(\n    {python.values(values)},\n)\n" for values in lists]
    for values in lists:
        items = [python.quote(value) for value in values if isinstance(value, str)]
        if items:
            calls.append(f"function({', '.join(items)})\n")
    program = plain(python.layout.lay_out("".join(calls))).encode()
    command = ["ruff", "format", "--isolated", "--diff", "--stdin-filename", "program.py", "-"]
    finished = subprocess.run(command, input=program, capture_output=True, timeout=30)
    assert finished.stdout.decode() == ""
    assert finished.returncode == 0, finished.stderr


# Spans


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
@settings(max_examples=60, deadline=None)
def test_spans_cover_the_connection_values_of_a_text(before: str, host: str, after: str) -> None:
    text = f"{before}{value('host', host)}{after}{value('model', host)}"
    for kind, literals in LITERALS.items():
        unmarked = before + host + after + host
        if kind == "shell" and "\0" in unmarked:
            continue
        code = literals.quote(text)
        assert plain(code) == literals.quote(unmarked)
        first, second = spans(code)
        assert (first.name, second.name) == ("host", "model")
        said = [plain(code)[slice(*span[:2])] for span in (first, second)]
        if kind == "c++":  # where a question mark is escaped behind another one
            said = [one.replace(r"\?", "?") for one in said]
        assert said[0] == said[1]
        assert first.end <= second.start


BACKSLASHED = "a\\b"


def test_a_span_holds_the_value_as_it_is_written() -> None:
    code = LITERALS["python"].quote(f"http://{value('host', BACKSLASHED)}:1")
    assert (plain(code), spans(code)) == ('"http://a\\\\b:1"', (Span(8, 12, "host"),))
    assert spans("x") == ()
