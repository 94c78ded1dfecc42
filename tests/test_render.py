"""Rendering: strict, deterministic, aware of connection values, and safe for any value.

The programs run here for real; only the network is replaced: `tritonclient` by a package that
records its calls, `curl` by a script that records its arguments and its input.
"""

import ast
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.catalogue import Catalogue, Cell
from samplegen.connection.model import Connection, with_values
from samplegen.errors import SamplegenError
from samplegen.render.view import Rendered, view
from samplegen.resources import PACKAGED
from samplegen.spec.operation import Expectation, Operation
from samplegen.spec.tensors import Datatype, Tensor
from tests.test_literals import FLOATS, HOSTILE

CATALOGUE = Catalogue()
TEMPLATES = PACKAGED / "templates"
COLUMNS = re.compile(r"\| *(?:values|arguments|assigned|call|quote)\([^)]*\d")
CELLS = {cell.name: cell for cell in CATALOGUE.cells}
DOCUMENTED = CATALOGUE.spec.api.connection

# Values


HOSTILE_TEXTS = (
    st.sampled_from(HOSTILE)
    | st.text(max_size=12)
    | st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3).map("".join)
)
SHELL_TEXTS = HOSTILE_TEXTS.map(lambda text: text.replace("\0", "") or "x")
FILES = SHELL_TEXTS.map(lambda text: "f" + text.replace("/", "")[:50])
DATA: dict[Datatype, st.SearchStrategy[Any]] = {
    "FP64": FLOATS.filter(lambda value: abs(value) < float("inf")),
    "INT64": st.integers(-(2**63), 2**63 - 1),
    "UINT8": st.integers(0, 255),
    "BOOL": st.booleans(),
    "BYTES": HOSTILE_TEXTS,
}


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    datatype = draw(st.sampled_from(sorted(DATA)))
    data = tuple(draw(st.lists(DATA[datatype], min_size=1, max_size=25)))
    return Tensor(name=draw(HOSTILE_TEXTS), datatype=datatype, shape=(1, len(data)), data=data)


@st.composite
def hostile(draw: st.DrawFn, original: Operation) -> Operation:
    """An operation of the same form whose every text and value is hostile."""
    images = original.form == "classify-image"
    image = Tensor(name=draw(SHELL_TEXTS), datatype="BYTES", shape=(1,), file=draw(FILES))
    names = draw(st.lists(SHELL_TEXTS, min_size=1, max_size=1 if images else 4, unique=True))
    return replace(
        original,
        title=draw(HOSTILE_TEXTS),
        summary=draw(st.lists(HOSTILE_TEXTS | st.just("encoding: gzip"), max_size=5).map(" ".join)),
        description=draw(HOSTILE_TEXTS),
        model=draw(SHELL_TEXTS),
        inputs=(image,) if images else tuple(draw(st.lists(tensors(), min_size=1, max_size=3))),
        outputs=tuple(Tensor(name=name, datatype="FP64", shape=(3,)) for name in names),
        expect=(Expectation(label=draw(HOSTILE_TEXTS) or "x", value=(1,)),),
    )


def harmless(operation: Operation) -> Operation:
    """The same without a text that could mean anything in source text."""
    inputs = (
        replace(tensor, name=f"input{n}", data=None if tensor.file else ("a",) * tensor.size)
        if tensor.datatype == "BYTES"
        else replace(tensor, name=f"input{n}")
        for n, tensor in enumerate(operation.inputs)
    )
    outputs = (replace(tensor, name=f"output{n}") for n, tensor in enumerate(operation.outputs))
    return replace(
        operation,
        title="A title",
        summary="A summary.",
        model="model",
        inputs=tuple(inputs),
        outputs=tuple(outputs),
    )


OPERATIONS = st.tuples(*(hostile(o) for o in CATALOGUE.spec.operations()))
HOSTS = SHELL_TEXTS | st.just("localhost")


def rendered(operation: Operation, client: str, connection: Connection) -> Rendered:
    seen = view(CATALOGUE.spec.api, operation, connection)
    return CATALOGUE.renderer.render(CATALOGUE.clients.client(client), seen)


PYTHON = ["python/tritonclient-grpc", "python/tritonclient-http"]

STUB = """
import numpy

calls = []

class InferInput:
    def __init__(self, name, shape, datatype):
        self.said = {"name": name, "shape": list(shape), "datatype": datatype}
    def set_data_from_numpy(self, array):
        self.said |= {"data": array.flatten().tolist(), "dtype": str(array.dtype)}

class Result:
    def as_numpy(self, name):
        calls.append(["as_numpy", name])
        return numpy.array([1.5, -2.0, 0.25])
    def get_output(self, name):
        return {}

class Metadata(dict):
    name, version, platform, versions, inputs, outputs = "n", "v", "p", ["1", "2"], [], []
    def get(self, key):
        return getattr(self, key)

class InferenceServerClient:
    def __init__(self, address, **options):
        calls.append(["connect", address])
    def __enter__(self):
        return self
    def __exit__(self, *error):
        pass
    def __getattr__(self, method):
        def call(model=None, inputs=(), model_version=None, **options):
            calls.append([method, model, model_version, [i.said for i in inputs]])
            return Result() if method == "infer" else Metadata(all="well")
        return call
"""

RUNNER = """
import contextlib, io, json, sys
import tritonclient.grpc as grpc, tritonclient.http as http

def said(value):
    return value.decode() if isinstance(value, bytes) else value

for path in sys.argv[1:]:
    grpc.calls.clear(), http.calls.clear()
    printed = io.StringIO()
    code = compile(open(path, "rb").read(), path, "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, {"__name__": "__main__"})
    print(json.dumps([grpc.calls + http.calls, printed.getvalue()], default=said))
"""


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `tritonclient` and a `curl` that record, and room for programs."""
    folder = tmp_path_factory.mktemp("stubs")
    (folder / "tritonclient").mkdir()
    for name in ("grpc", "http"):
        (folder / f"tritonclient/{name}.py").write_text(STUB)
    (folder / "tritonclient/__init__.py").touch()
    (folder / "bin").mkdir()
    curl = folder / "bin/curl"
    curl.write_text(
        "#!/bin/sh\n"
        'for word; do printf "%s\\0" "$word" >>"$RECORD"; done\n'
        'printf "\\0\\0" >>"$RECORD"\n'
        'case "$*" in *@-*) cat >"$RECORD.body" ;; esac\n'
        'cat "$ANSWER"\nprintf " 200\\n"\n'
    )
    curl.chmod(0o755)
    return folder


@pytest.mark.processes
@given(OPERATIONS, HOSTS)
@settings(max_examples=8, deadline=None)
def test_python_programs_say_exactly_the_values(
    stubs: Path, operations: tuple[Operation, ...], host: str
) -> None:
    connection = with_values(DOCUMENTED, host=host)
    paths: list[Path] = []
    expected: list[list[Any]] = []
    for operation in operations:
        for tensor in operation.inputs:
            if tensor.file:
                (stubs / tensor.file).write_bytes(b"an image")
        for client in PYTHON:
            path = stubs / f"program{len(paths)}.py"
            path.write_bytes(rendered(operation, client, connection).text.encode())
            paths.append(path)
            port = DOCUMENTED.grpc_port if client.endswith("grpc") else DOCUMENTED.rest_port
            expected.append([["connect", f"{host}:{port}"], *python_calls(operation)])
    finished = subprocess.run(
        [sys.executable, "-c", RUNNER, *paths],
        cwd=stubs,
        env={**os.environ, "PYTHONPATH": str(stubs)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.stderr == ""
    found = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [calls for calls, _ in found] == expected
    for (_, printed), path, operation in zip(
        found, paths, [o for o in operations for _ in PYTHON], strict=True
    ):
        if operation.form == "infer":
            lines = [f"{name}: 1.5 -2.0 0.25\n" for name in operation.output_names]
            assert printed == "".join(lines), path.read_text()


def python_calls(operation: Operation) -> list[list[Any]]:
    """What a Python program of an operation asks of its client."""
    asked: dict[str, list[Any]] = {
        "health": ["is_server_live", "is_server_ready", "is_model_ready"],
        "server-metadata": ["get_server_metadata"],
        "model-metadata": ["get_model_metadata"],
        "infer": ["infer"],
        "infer-raw": ["infer"],
        "classify-image": ["infer"],
    }
    without_model = {"is_server_live", "is_server_ready", "get_server_metadata"}
    dtypes = {"FP64": "float64", "INT64": "int64", "UINT8": "uint8", "BOOL": "bool"}
    inputs = [
        {
            "name": tensor.name,
            "shape": list(tensor.shape),
            "datatype": tensor.datatype,
            "data": ["an image"] if tensor.file else list(tensor.elements),
            "dtype": dtypes.get(tensor.datatype, "object"),
        }
        for tensor in operation.inputs
    ]
    calls: list[list[Any]] = [
        [method, None, None, []]
        if method in without_model
        else [method, operation.model, "1", inputs if method == "infer" else []]
        for method in asked[operation.form]
    ]
    if "infer" in asked[operation.form]:
        calls += [["as_numpy", name] for name in operation.output_names]
    return calls


@pytest.mark.processes
@given(OPERATIONS, HOSTS)
@settings(max_examples=8, deadline=None)
def test_curl_programs_say_exactly_the_values(
    stubs: Path, operations: tuple[Operation, ...], host: str
) -> None:
    connection = with_values(DOCUMENTED, host=host)
    for operation in operations:
        record = stubs / "record"
        record.unlink(missing_ok=True)
        answer = {
            "name": "n", "version": "v", "platform": "p", "versions": ["1"], "inputs": [],
            "outputs": [
                {"name": name, "datatype": "FP64", "shape": [3], "data": [1.5, -2, 0.25]}
                for name in operation.output_names
            ],
        }  # fmt: skip
        (stubs / "answer").write_text(json.dumps(answer))
        for tensor in operation.inputs:
            if tensor.file:
                (stubs / tensor.file).write_bytes(b"an image\0\xff")
        program = stubs / "program.sh"
        program.write_bytes(rendered(operation, "curl/rest", connection).text.encode())
        finished = subprocess.run(
            ["sh", program],
            cwd=stubs,
            env={
                "PATH": f"{stubs / 'bin'}:{os.environ['PATH']}",
                "RECORD": str(record),
                "ANSWER": str(stubs / "answer"),
            },
            capture_output=True,
            timeout=30,
        )
        assert (finished.returncode, finished.stderr) == (0, b""), program.read_text()
        requests = [
            words.decode().split("\0") for words in record.read_bytes().split(b"\0\0\0")[:-1]
        ]
        urls = [next(w for w in words if w.startswith("http://")) for words in requests]
        base = f"http://{host}:{DOCUMENTED.rest_port}"
        assert [url[: len(base)] for url in urls] == [base] * len(operation.calls)
        model = operation.model or ""
        assert [unquote(url[len(base) :]) for url in urls] == [
            call.path.format(model=model, version="1") for call in operation.calls
        ]
        assert all(url[len(base) :].isascii() for url in urls)
        assert all(url[len(base) :].count("/") == call.path.count("/")
                   for url, call in zip(urls, operation.calls, strict=True))  # fmt: skip
        if operation.form == "infer":
            body = json.loads((stubs / "record.body").read_bytes())
            assert body == {"inputs": [json_input(tensor) for tensor in operation.inputs]}
            lines = [f"{name}: 1.5 -2 0.25\n" for name in operation.output_names]
            assert finished.stdout.decode() == "".join(lines)
        if operation.form == "classify-image":
            content = (stubs / "record.body").read_bytes()
            (header,) = [w for w in requests[0] if w.startswith("Inference-Header-Content-Length")]
            size = int(header.rpartition(" ")[2])
            assert json.loads(content[:size])["inputs"][0]["name"] == operation.inputs[0].name
            assert content[size:] == b"\x0a\0\0\0an image\0\xff"
            assert finished.stdout == b"class: 0\nprobability: 1.5\n"


def json_input(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.shape),
        "data": list(tensor.elements),
    }


@given(OPERATIONS, HOSTS)
@settings(max_examples=15, deadline=None)
def test_every_text_is_a_constant_of_the_python_program(
    operations: tuple[Operation, ...], host: str
) -> None:
    connection = with_values(DOCUMENTED, host=host)
    for operation in operations:
        for client in PYTHON:
            tree = ast.parse(rendered(operation, client, connection).text.encode())
            skeleton = ast.parse(rendered(harmless(operation), client, DOCUMENTED).text.encode())
            assert kinds(ast.walk(tree)) == kinds(ast.walk(skeleton))
            constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            if operation.form in ("health", "model-metadata", "infer", "classify-image"):
                assert operation.model in constants
            if operation.form in ("infer", "classify-image"):
                assert {tensor.name for tensor in operation.inputs} <= constants
                assert set(operation.output_names) <= constants


def kinds(nodes: Iterable[ast.AST]) -> list[str]:
    """The kinds of statement of a program, as they come."""
    return [type(node).__name__ for node in nodes if isinstance(node, ast.stmt)]


# Connection values


CHANGES: list[dict[str, Any]] = [
    {"host": "gpu-7.example.org"},
    {"grpc_port": 9001},
    {"rest_port": 80},
    {"model": "resnet_50-v1.5"},
    {"model_version": "12"},
    {"host": "10.0.0.1", "grpc_port": 1, "rest_port": 65535, "model": "m", "model_version": "0"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(change))
@pytest.mark.parametrize("name", CELLS)
def test_spans_are_all_that_a_connection_changes(name: str, change: dict[str, Any]) -> None:
    cell = CELLS[name]
    program = CATALOGUE.render(cell)
    assert filled_in(program, change) == CATALOGUE.render(cell, replace(DOCUMENTED, **change)).text


def filled_in(program: Rendered, values: dict[str, Any]) -> str:
    text = program.text
    for span in reversed(program.spans):
        value = values.get(span.name, text[span.start : span.end])
        text = f"{text[: span.start]}{value}{text[span.end :]}"
    return text


@pytest.mark.parametrize("name", CELLS)
def test_spans_hold_the_documented_values(name: str) -> None:
    cell = CELLS[name]
    program = CATALOGUE.render(cell)
    values = {
        "host": "localhost",
        "grpc_port": "9000",
        "rest_port": "8000",
        "model": cell.operation.model,
        "model_version": "1",
    }
    for span in program.spans:
        assert program.text[span.start : span.end] == values[span.name]
    port = f"{cell.client.transport}_port"
    assert {span.name for span in program.spans} == (
        {"host", port, "model", "model_version"} if cell.operation.model else {"host", port}
    )
    assert list(program.spans) == sorted(program.spans)


def test_without_a_version_its_part_of_the_path_falls_away() -> None:
    connection = replace(DOCUMENTED, model_version="")
    text = CATALOGUE.render(CELLS["infer-array × curl/rest"], connection).text
    assert "http://localhost:8000/v2/models/dummy/infer" in text
    text = CATALOGUE.render(CELLS["infer-array × python/tritonclient-grpc"], connection).text
    assert 'model_version=""' in text


# Strictness


def failure(folder: Path, templates: dict[str, str], cell: str = "health × curl/rest") -> str:
    """What is wrong with a cell, under own templates."""
    for name, content in templates.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    catalogue = Catalogue(templates=[folder])
    cells: dict[str, Cell] = {cell.name: cell for cell in catalogue.cells}
    with pytest.raises(SamplegenError) as caught:
        catalogue.render(cells[cell])
    (problem,) = caught.value.problems
    return str(problem).removeprefix(f"{folder}/")


HEALTH = "curl/rest/health.sh.jinja"
WHILE = "(while rendering the operation 'health')"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("one\n\n{{ nothing | quote }}\n", f":3: 'nothing' is undefined {WHILE}"),
        ("{{ nothing }}\n", f":1: 'nothing' is undefined {WHILE}"),
        (
            "{{ operation.nam | quote }}\n",
            ":1: 'samplegen.spec.operation.Operation object' has no attribute",
        ),
        ("{{ operation.inputs[5].name | quote }}\n", ":1: tuple object has no element 5"),
        ("a\n{% if nothing %}{% endif %}\n", f":2: 'nothing' is undefined {WHILE}"),
        ("a\n{% for x in nothing %}{% endfor %}\n", f":2: 'nothing' is undefined {WHILE}"),
        ("a\n{{ operation.title }}\n", ":2: 'Request Health Endpoints' is printed as it is; send"),
        ("{{ model }}\n", ":1: 'dummy' is printed as it is; send it through quote"),
        ("{{ 'constant' }}\n", ":1: 'constant' is printed as it is; send it through quote"),
        ("{{ 1.5 }}\n", ":1: 1.5 is printed as it is"),
        ("{{ true }}\n", ":1: True is printed as it is"),
        ("{{ none }}\n", ":1: None is printed as it is"),
        ("{{ (model | quote) ~ 'x' }}\n", ":1: 'dummyx' is printed as it is"),
        ("{{ model | quote | upper }}\n", ":1: 'DUMMY' is printed as it is"),
        ("{{ 'x%s' | format(model | quote) }}\n", ":1: 'xdummy' is printed as it is"),
        ("{{ operation | quote }}\n", ":1: quote: found Operation("),
        ("a\n{{ 1 // 0 }}\n", f":2: integer division or modulo by zero {WHILE}"),
        ("{% include 'curl/rest/health.sh.jinja' %}\n", ":1: maximum recursion depth exceeded"),
        ("a\n{% for %}\n", ":2: not a template: "),
        ("a\n{{ model | quot }}\n", ":2: not a template: No filter named 'quot'"),
        ("a\nb\n{{ 'open\n", ":3: not a template: "),
    ],
)
def test_what_is_wrong_is_told_at_its_line(template: str, message: str, tmp_path: Path) -> None:
    assert failure(tmp_path, {HEALTH: template}).startswith(HEALTH + message)


def test_a_mistake_is_told_where_it_is_and_not_where_it_is_included(tmp_path: Path) -> None:
    templates = {
        HEALTH: "{% include 'curl/_part.sh.jinja' %}\n",
        "curl/_part.sh.jinja": "a\n{{ nothing }}\n",
    }
    expected = f"curl/_part.sh.jinja:2: 'nothing' is undefined {WHILE}"
    assert failure(tmp_path, templates) == expected


def test_a_missing_part_is_told_by_its_name(tmp_path: Path) -> None:
    found = failure(tmp_path, {HEALTH: "a\n{% extends 'curl/_none.sh.jinja' %}\n"})
    wanted = "no such template; add it, wanted by the operation 'health'"
    assert found == f"templates/curl/_none.sh.jinja: {wanted}"


def test_a_failed_render_does_not_spoil_the_next(tmp_path: Path) -> None:
    failure(tmp_path, {HEALTH: "{{ nothing }}\n"})
    catalogue = Catalogue(templates=[tmp_path])
    cells = {cell.name: cell for cell in catalogue.cells}
    for _ in range(2):
        with pytest.raises(SamplegenError, match=r"health\.sh\.jinja:1: "):
            catalogue.render(cells["health × curl/rest"])
        name = "infer-array × curl/rest"
        assert catalogue.render(cells[name]).text == CATALOGUE.render(CELLS[name]).text


# Determinism


ALL = """
import random, sys
from hashlib import sha256
from samplegen.catalogue import Catalogue
catalogue = Catalogue()
cells = list(catalogue.cells)
random.Random(sys.argv[1]).shuffle(cells)
programs = [(cell.name, repr(catalogue.render(cell).spans), catalogue.render(cell).text)
            for cell in cells]
print(sha256(repr(sorted(programs)).encode()).hexdigest())
print(sha256(repr(dict(catalogue.files())).encode()).hexdigest())
"""


@pytest.mark.processes
def test_any_process_in_any_order_renders_the_same_bytes(tmp_path: Path) -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", ALL, seed],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed, folder, locale, zone in (
            ("1", tmp_path, "C", "Asia/Tokyo"),
            ("2", Path("/"), "C.UTF-8", "UTC"),
        )
    }
    assert len(found) == 1


def test_one_renderer_renders_in_any_order() -> None:
    expected = {name: CATALOGUE.render(cell).text for name, cell in CELLS.items()}
    names = list(CELLS) * 3
    random.Random(7).shuffle(names)  # noqa: S311  (no secret)
    fresh = Catalogue()
    cells = {cell.name: cell for cell in fresh.cells}
    for name in names:
        assert fresh.render(cells[name]).text == expected[name]


# What Jinja a template may use


def written(folder: Path, body: str, **others: str) -> str:
    """What a template of curl makes for the operation server-metadata."""
    files = {"server-metadata": body, **others}
    for name, text in files.items():
        path = folder / "curl/rest" / f"{name}.sh.jinja"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    catalogue = Catalogue((), (folder,))
    seen = view(catalogue.spec.api, catalogue.spec.operation("server-metadata"))
    return catalogue.renderer.render(catalogue.clients.client("curl/rest"), seen).text


MACROS = (
    "{% macro echo(text) %}echo {{ text | quote }}{% endmacro %}"
    "{% macro braces() %}{ {{ caller() }}; }{% endmacro %}"
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{% macro m(x) %}echo {{ x | quote }}{% endmacro %}{{ m("$x") }}', "echo '$x'"),
        ('{% from "curl/rest/m.sh.jinja" import echo %}{{ echo("a b") }}', "echo 'a b'"),
        ('{% import "curl/rest/m.sh.jinja" as m %}{{ m.echo("a b") }}', "echo 'a b'"),
        (
            '{% from "curl/rest/m.sh.jinja" import braces %}'
            '{% call braces() %}echo {{ "it\'s" | quote }}{% endcall %}',
            "{ echo 'it'\"'\"'s'; }",
        ),
        ('{% set x %}{{ "a b" | quote }}{% endset %}{{ x }} {{ x }}', "'a b' 'a b'"),
        ("{% for i in range(3) %}{{ i }}{% endfor %}", "012"),
        (
            "{% set ns = namespace(sum=0) %}{% for i in range(4) %}{% set ns.sum = ns.sum + i %}"
            "{% endfor %}{{ ns.sum }}",
            "6",
        ),
        ('{{ ["a" | quote, "b c" | quote] | join(", ") }}', "a, 'b c'"),
        ('{{ [1, 2] | join(" + ") }}', "1 + 2"),
        ("{% filter indent(2) %}a\nb{% endfilter %}", "a\n  b"),
        ("{% filter upper %}a{% endfilter %}", "A"),
        ('{% set x %} {{ "a" | quote }} {% endset %}{{ x | trim }}', "a"),
        ('{% if url is mapping and "x" is string %}yes{% endif %}', "yes"),
        ('{% include "curl/rest/part.sh.jinja" %}', "part"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ('{{ "GREATER" | name }} {{ false | boolean }}', "GREATER false"),
        ('{{ "é" | bytes }}', "'\\303\\251'"),
        ('{{ (url.ServerMetadata ~ "?a=1") | quote }}', "'http://localhost:8000/v2?a=1'"),
    ],
)  # fmt: skip
def test_all_of_jinja_works_in_templates(body: str, expected: str, tmp_path: Path) -> None:
    assert written(tmp_path, body, m=MACROS, part="part") == expected


def test_a_block_of_a_form_stands_where_its_frame_has_it(tmp_path: Path) -> None:
    frame = (
        'first\n{% block a %}\n{{ "x y" | quote }}\n{% endblock %}\n'
        "last {% block b %}{% endblock %}"
    )
    form = (
        '{% extends "curl/rest/f.sh.jinja" %}{% set n = 2 %}nothing of this is printed'
        "{% block a %}\n{{ super() }}\nsecond {{ n }}\n{% endblock %}{% block b %}end{% endblock %}"
    )
    expected = "first\n'x y'\n\nsecond 2\nlast end"
    assert written(tmp_path, form, f=frame) == expected


@pytest.mark.parametrize(
    "body",
    [
        "{{ operation.title }}", '{{ "EQUAL" }}', "{{ 1.5 }}", "{{ true }}", "{{ none }}",
        "{{ operation.calls }}", "{{ operation.none }}", "{{ none_such }}",
        '{% from "curl/rest/m.sh.jinja" import bad %}{{ bad(operation.title) }}',
        '{% macro m() %}{{ operation.title }}{% endmacro %}{{ m() }}',
        "{% set x = operation.title %}{{ x }}",
        "{% set x %}{{ operation.title }}{% endset %}{{ x }}",
        "{% filter upper %}{{ operation.title }}{% endfilter %}",
        '{% filter replace("a", operation.title) %}a{% endfilter %}',
        "{{ operation.title | safe }}", "{{ operation.title | escape }}",
        "{{ operation.title | tojson }}", "{{ operation.title | urlize }}",
        "{{ {1: operation.title} | xmlattr }}", "{{ operation.title | upper }}",
        "{{ operation.title | indent }}", "{{ operation.title | trim }}",
        "{{ [operation.title] | join }}", '{{ ["a" | quote] | join(operation.title) }}',
        '{{ ("a" | quote) ~ operation.title }}', '{{ ("a" | quote) + operation.title }}',
        '{{ ("a" | quote) ~ ("b" | quote) }}', '{{ "%s" | format(operation.title) }}',
        '{{ ("a" | quote).replace("a", operation.title) }}', '{{ ("a" | quote)[0] }}',
        '{{ ("a" | quote).__class__(operation.title) }}',
        '{{ ("a" | quote)["__class__"](operation.title) }}',
        '{{ ("a" | quote) | attr("__class__") }}',
        "{% autoescape true %}{{ operation.title }}{% endautoescape %}",
        "{% autoescape true %}{% set x %}a{% endset %}{{ x ~ operation.title }}{% endautoescape %}",
        '{{ cycler("a").next() }}', "{{ lipsum() }}", "{{ dict(a=1) }}",
        '{{ ("a" | quote)["" ~ "__class__"](operation.title) }}',
        '{{ (["a" | quote] | map(attribute="__class__") | first)(operation.title) }}',
        '{{ ["a" | quote] | map("attr", "__class__") | first }}',
        "{{ cycler.__init__.__globals__ }}", '{{ operation["__class__"] }}',
        "{% filter upper %}{{ operation.title | quote }}{% endfilter %}",
        """{% filter replace("'", "") %}{{ operation.title | quote }}{% endfilter %}""",
        "{% filter lower %}{% if true %}{{ operation.title | quote }}{% endif %}{% endfilter %}",
        "{% set x | upper %}{{ operation.title | quote }}{% endset %}{{ x }}",
        "{% autoescape true %}{{ operation.title | quote }}{% endautoescape %}",
        "{% autoescape operation.title %}a{% endautoescape %}",
        "{{ operation.title | imports }}", "{{ operation.title | comment }}",
        '{{ operation.title | comment("") }}', '{{ "a" | comment(operation.title) }}',
        '{{ "a" | comment("# " ~ operation.title) }}', '{{ "a" | comment("#\n") }}',
        "{{ namespace(first=false, index=operation.title) | number }}",
        "{{ [1, operation.title] | values }}", "{{ [1, operation.title] | json_values }}",
        "{{ [[operation.title]] | values }}", "{{ ['a', 1] | values }}",
        "{{ operation.title | format }}", "{{ ('%s' | quote) % operation.title }}",
        '{{ ("{}" | quote).format(operation.title) }}', '{{ ("," | quote).join(["a", "b"]) }}',
        "{% for x in [operation.title] %}{{ x }}{% endfor %}",
        "{% for x in [operation.title] recursive %}{{ loop(x) }}{% endfor %}",
        "{% for x in [1] %}{{ loop }}{% endfor %}",
        "{% with x = operation.title %}{{ x }}{% endwith %}",
        "{% macro m() %}{{ varargs[0] }}{% endmacro %}{{ m(operation.title) }}",
        "{% macro m() %}{{ kwargs.x }}{% endmacro %}{{ m(x=operation.title) }}",
        "{% macro m(x) %}{{ caller(x) }}{% endmacro %}"
        "{% call(y) m(operation.title) %}{{ y }}{% endcall %}",
        '{% block a %}{{ operation.title }}{% endblock %}{{ self.a() }}',
        '{% set x = {"a": operation.title} %}{{ x.a }}', "{{ [operation.title] | first }}",
        "{{ operation.title if true else 1 }}", "{{ none_such | default(operation.title) }}",
        "{{ ('a' | quote) if false else operation.title }}", "{% trans %}a{% endtrans %}",
        "{{ gettext(operation.title) }}", "{{ ('a' | quote).replace('a', operation.title) }}",
        "{{ ('a' | quote).translate({97: operation.title}) }}",
        "{{ 1 | quote }}", "{{ true | quote }}", "{{ operation.title | values }}",
        '{{ "a b" | name }}', '{{ "" | name }}', "{{ 1 | name }}", "{{ 1 | boolean }}",
        '{{ "true" | boolean }}', "{{ 1 | bytes }}", '{{ "a" | join }}', "{{ 1 | element_type }}",
    ],
)  # fmt: skip
def test_what_is_no_literal_is_refused_at_its_line(body: str, tmp_path: Path) -> None:
    macros = "{% macro bad(x) %}\n\n{{ x }}{% endmacro %}"
    with pytest.raises(SamplegenError) as refused:
        written(tmp_path, f"#!/bin/sh\n{body}", m=macros)
    (problem,) = refused.value.problems
    in_macros = problem.path is not None and problem.path.name == "m.sh.jinja"
    assert problem.line == (3 if in_macros else 2), str(problem)


def test_an_error_in_a_frame_or_in_a_form_is_told_at_its_own_line(tmp_path: Path) -> None:
    frame = "\n{% block a %}{% endblock %}\n{{ in_frame }}"
    form = '{% extends "curl/rest/f.sh.jinja" %}\n\n\n{% block a %}{{ in_form }}{% endblock %}'
    with pytest.raises(SamplegenError, match=r"server-metadata.sh.jinja:4: 'in_form' is undefined"):
        written(tmp_path, form, f=frame)
    with pytest.raises(SamplegenError, match=r"f.sh.jinja:3: 'in_frame' is undefined"):
        written(tmp_path, form.replace("{{ in_form }}", ""), f=frame)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("a\n{% if %}", r"server-metadata.sh.jinja:2: not a template"),
        ("a\n{% block x %}", r"server-metadata.sh.jinja:2: not a template: the block 'x' is not"),
        ('{% extends "curl/rest/server-metadata.sh.jinja" %}', "extends itself"),
        ('{% extends "curl/rest/none.sh.jinja" %}', "none.sh.jinja: no such template"),
        (
            "a\n{{ 1 | nope }}",
            r"server-metadata.sh.jinja:2: not a template: No filter named 'nope'",
        ),
    ],
)
def test_what_is_no_template_is_told_at_its_line(body: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SamplegenError, match=message):
        written(tmp_path, body)


def test_every_packaged_program_is_put_together_from_at_most_five_files() -> None:
    assert CELLS
    for cell in CATALOGUE.cells:
        if cell.omitted is None:
            linked = CATALOGUE.renderer.linked(cell.client, cell.operation)
            files = {name for template in linked.values() for name in template.files}
            assert 2 <= len(files) <= 5, f"{cell.name}: {sorted(files)}"


def test_no_template_names_a_column_and_they_are_few() -> None:
    templates = [path for path in TEMPLATES.rglob("*") if path.is_file()]
    assert 60 < len(templates) <= 230
    for path in templates:
        if path.suffix == ".jinja":
            found = COLUMNS.findall(path.read_text())
            assert not found, f"{path}: {found}"


@pytest.mark.parametrize("tags", ["{%% block %s %%}", "{%%- block %s -%%}", "{%%+ block %s +%%}"])
def test_a_block_in_place_keeps_the_blanks_that_jinja_keeps(tags: str, tmp_path: Path) -> None:
    frame = f"a \n  {tags % 'x'} \n  b {tags % 'y'} c {{% endblock %}}\n{{% endblock x %}}\n d\n"
    environment = jinja2.Environment(  # noqa: S701  it makes no HTML
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    assert written(tmp_path, frame) == environment.from_string(frame).render()
