"""What the hand-written pages say, against the code and the wire."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from google.protobuf.descriptor_pb2 import DescriptorProto
from jsonschema import Draft202012Validator
from samplegen_server import errors
from samplegen_server.cli import UNSUPPORTED

from samplegen import faults
from samplegen.cli import COMMANDS, cli
from samplegen.contract.model import short
from samplegen.errors import UsageError
from samplegen.gates import Gate
from samplegen.schema import schemas
from samplegen.site.book import STATES
from samplegen.site.plain import Plain
from samplegen.site.views import MARKS
from samplegen.spec.tensors import Datatype
from tests import test_proto
from tests.conftest import Run, missing, need
from tests.server.process import running
from tests.site import building, examples, recording

PAGES = building.ROOT / "site"
FENCE = re.compile(r'^```(\w+) title="([^"]+)"\n(.*?)\n```$', re.M | re.S)


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def blocks(name: str) -> dict[str, str]:
    """The titled code blocks of a page, by title."""
    return {title: text for _, title, text in FENCE.findall(page(name))}


def kinds(base: type[errors.ServerError]) -> Iterator[type[errors.ServerError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


# --- Errors ---------------------------------------------------------------------------------------


@pytest.mark.processes
def test_every_error_of_the_server_is_on_the_page() -> None:
    listed = {fault.text: fault for fault in faults.read(PAGES / "errors.yaml")}
    abstract = {errors.InvalidRequest, errors.NotFound, errors.RestError, errors.RpcError}
    raised = set(kinds(errors.ServerError)) - abstract
    assert {kind.text for kind in raised} == listed.keys(), "site/errors.yaml"
    for kind in raised:
        fault = listed[kind.text]
        rest_only = issubclass(kind, errors.RestError)
        grpc_only = issubclass(kind, errors.RpcError)
        assert fault.rest == (None if grpc_only else kind.http), kind.text
        in_message = "in `error_message`" in fault.cause and grpc_only
        assert fault.grpc == (None if rest_only or in_message else kind.grpc), kind.text


@pytest.mark.processes
def test_errors_name_calls_that_exist() -> None:
    contract = building.book().contract
    calls = {call for fault in faults.read(PAGES / "errors.yaml") for call in fault.calls}
    assert calls
    assert calls <= {*(method.name for method in contract.methods), "POST /v1/config/reload"}


@pytest.mark.processes
def test_each_error_has_an_address_of_its_own() -> None:
    anchors = [fault.anchor for fault in faults.read(PAGES / "errors.yaml")]
    assert len(anchors) == len(set(anchors))


# --- The contract ---------------------------------------------------------------------------------


@pytest.mark.processes
def test_fields_are_those_of_the_compiled_contract(tmp_path: Path) -> None:
    contract = building.book().contract
    # Not from the server's stubs: tritonclient's, of the same names, may be in this process.
    compiled = test_proto.compiled(tmp_path)

    def check(message: DescriptorProto) -> None:
        (found,) = (m for m in contract.messages.values() if short(m.name) == message.name)
        assert list(found.fields) == [field.name for field in message.field]
        for nested in message.nested_type:
            if not nested.options.map_entry:
                check(nested)

    for message in compiled.message_type:
        check(message)
    (service,) = compiled.service
    assert {(m.name, short(m.request), short(m.response)) for m in contract.methods} == {
        (m.name, m.input_type.rpartition(".")[2], m.output_type.rpartition(".")[2])
        for m in service.method
    }


# --- Wire format ----------------------------------------------------------------------------------


@pytest.mark.processes
@pytest.mark.parametrize("title", blocks("wire-format.md"))
def test_dumps_are_what_samples_send(title: str) -> None:
    tool = {"curl": "curl", "python": sys.executable}[title.split(" × ")[1].partition("/")[0]]
    if shutil.which(tool) is None:
        missing(f"{tool} is missing")
    shown = blocks("wire-format.md")[title].splitlines()
    assert shown == recording.dump(title, shown), "run python -m tests.site.recording"


@pytest.mark.processes
def test_what_the_text_says_of_the_bytes() -> None:
    text = " ".join(page("wire-format.md").split())
    json_and_raw = recording.request_of("infer-array × python/tritonclient-http")
    length = json_and_raw.headers["inference-header-content-length"]
    assert f"`Inference-Header-Content-Length: {length}`" in text
    assert json_and_raw.body[0x88:0x90].hex(" ") == "00 00 00 00 00 00 80 3f"
    assert int(length) == 0x88
    message = recording.request_of("infer-array × python/tritonclient-grpc").body
    assert message[0x19:0x1B].hex() == "3a28"


@pytest.mark.processes
def test_what_the_text_says_of_an_image_and_its_prefix() -> None:
    need("curl", "jq")
    text = " ".join(page("wire-format.md").split())
    image = recording.request_of("infer-image × curl/rest")
    length = image.headers["inference-header-content-length"]
    assert f"`Inference-Header-Content-Length: {length}`" in text
    prefix = image.body[0x62:0x66]
    size = int.from_bytes(prefix, "little")
    assert f"`{prefix.hex(' ')}` is {size}, the size of the file" in text
    assert image.body[0x66:0x6A].hex(" ") == "89 50 4e 47"
    assert len(image.body) == 0x66 + size


@pytest.mark.processes
def test_sizes_and_fields_of_datatypes() -> None:
    listed = re.findall(
        r"^\| ((?:[A-Z0-9]+(?:, )?)+) \| (.+?) \| (.+?) \|$", page("wire-format.md"), re.M
    )
    names = {name for names, _, _ in listed for name in names.split(", ")}
    assert names == set(typing.get_args(Datatype))
    fields = building.book().contract.messages["inference.InferTensorContents"].fields
    contents = {name: field.comment for name, field in fields.items()}
    for datatypes, size, fields in listed:
        for name in datatypes.split(", "):
            if name == "BYTES":
                assert "bytes_contents" in contents
            else:
                bits = 8 if name == "BOOL" else int(re.sub(r"\D", "", name))
                assert int(size) == bits // 8, name
            holders = [
                f for f, said in contents.items() if name in said.replace(".", "").split(", ")
            ]
            told = re.findall(r"`(\w+)`", fields)
            if holders:
                assert holders[0] in told, name
            else:
                assert name in ("FP16", "BYTES"), name


# --- The bundled server ---------------------------------------------------------------------------


@pytest.mark.processes
def test_options_of_the_server_exist() -> None:
    command = [sys.executable, "-m", "samplegen_server", "--help"]
    helped = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    options = re.findall(r"^\| `(--\w+)` \|", page("server.md"), re.M)
    assert len(options) > 5
    for option in options:
        assert f"{option} " in helped
        assert option not in UNSUPPORTED


@pytest.mark.processes
def test_ports_of_the_server() -> None:
    connection = building.book().api.connection
    said = f"port {connection.grpc_port} for gRPC and {connection.rest_port} for REST"
    assert said in " ".join(page("server.md").split())


@pytest.mark.processes
def test_models_of_the_server(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \| (.+?) \|$", page("server.md"), re.M)
    tensor = re.compile(r"`(\w+)` (\w+) `(\[.*?\])`")
    with running(tmp_path / "log") as server:
        for name, takes, gives in rows:
            metadata = server.rest("GET", f"/v2/models/{name}").json()
            for told, tensors in ((takes, metadata["inputs"]), (gives, metadata["outputs"])):
                described = [(one["name"], one["datatype"], str(one["shape"])) for one in tensors]
                assert tensor.findall(told) == described, name
        served = set(server.rest("GET", "/v1/config").json())
    assert {name for name, _, _ in rows} == served


# --- JSON and schemas -----------------------------------------------------------------------------


def test_every_document_for_machines_is_listed_with_its_schema() -> None:
    listed = re.findall(
        r"^\| (`(?:samplegen |samples.json|build/).*) \| `(.+)` \|$", page("machines.md"), re.M
    )
    there = {name.removeprefix("output/") for name in schemas() if name.startswith("output/")}
    assert {schema for _, schema in listed} == there


def test_the_keys_of_a_verdict_are_those_of_its_schema() -> None:
    part = page("machines.md").partition("| Key | Holds |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.+?) \|", part, re.M)
    listed = [key for row in rows for key in re.findall(r"`(\w+)`", row)]
    properties = json.loads(schemas()["output/verdicts.json"])["$defs"]["Verdict"]["properties"]
    assert sorted(listed) == sorted(properties)


def test_every_document_has_an_example_that_fits_its_schema() -> None:
    assert {f"output/{name}.json" for name in examples.SCHEMAS.values()} == {
        name for name in schemas() if name.startswith("output/")
    }
    assert examples.shown().keys() == examples.SCHEMAS.keys()
    for title, value in examples.shown().items():
        schema = json.loads(schemas()[f"output/{examples.SCHEMAS[title]}.json"])
        Draft202012Validator(schema).validate(value)


@pytest.mark.processes
@pytest.mark.parametrize("title", examples.SCHEMAS)
def test_examples_are_what_commands_print(title: str) -> None:
    for tool in examples.TOOLS:
        if shutil.which(tool) is None:
            missing(f"{tool} is missing")
    made = examples.steady(examples.documents()[title])
    assert examples.steady(examples.shown()[title]) == made, "run python -m tests.site.examples"


def test_schemas_that_pages_name_exist() -> None:
    named = [
        name
        for file in sorted(PAGES.rglob("*.md"))
        for name in re.findall(r"^# yaml-language-server: \$schema=(.+)$", file.read_text(), re.M)
    ]
    assert named
    for name in named:
        assert name.removeprefix("spec/schema/") in schemas()


# --- Exit statuses and JUnit ----------------------------------------------------------------------


def test_the_page_tells_what_status_1_means_for_every_command() -> None:
    part = page("use-ci.md").partition("| Command | Status 1 |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", part, re.M)
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(COMMANDS)


def test_the_elements_of_a_junit_report_are_on_the_page() -> None:
    part = page("use-ci.md").partition("| Element | Means |")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", part, re.M)) == {"failure", "error", "skipped"}


# --- Gates ----------------------------------------------------------------------------------------


def test_the_gates_are_those_of_the_judge_in_order() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", page("verification.md"), re.M)
    assert tuple(listed) == typing.get_args(Gate)


def test_the_states_are_those_that_pages_show() -> None:
    listed = re.findall(r"^\| \*\*(\S) (.+?)\*\* \|", page("verification.md"), re.M)
    assert listed == [(MARKS[state], STATES[state]) for state in STATES]


# --- Commands and directives ----------------------------------------------------------------------


def commands() -> list[tuple[str, list[str]]]:
    """Every command line of samplegen that a page shows."""
    shown = []
    for file in sorted(PAGES.rglob("*.md")):
        for text in re.findall(r"^```sh\n(.*?)^```", file.read_text(encoding="utf-8"), re.M | re.S):
            # A quoted word may go over several lines.
            whole = re.sub(r"'[^']*'", lambda quoted: quoted[0].replace("\n", " "), text)
            for line in re.split(r"\n|&&", whole.replace("\\\n", " ")):
                if line.split()[:1] == ["samplegen"]:
                    words = shlex.split(line, comments=True)
                    words = words[: words.index(">")] if ">" in words else words
                    shown.append((file.name, words[1:]))
    return shown


@pytest.mark.parametrize(("file", "words"), commands())
def test_commands_exist_with_their_options(
    file: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("my-spec", "my-templates"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    name, *arguments = words
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    command.make_context(name, arguments)


def test_there_are_commands_to_check() -> None:
    assert len(commands()) > 5


@pytest.mark.processes
def test_directives_on_the_page_are_those_there_are() -> None:
    listed = re.findall(r"^\| `::: samplegen-(\w+)", page("extend.md"), re.M)
    with pytest.raises(UsageError) as raised:
        Plain(building.book(), "page.md", tabs=False)("zzzzzz", "")
    known = str(raised.value).partition("known: ")[2].split(", ")
    assert sorted(listed) == sorted(known)


# --- Add an operation, client or language ---------------------------------------------------------


def test_what_the_page_adds_is_listed_rendered_and_published(
    samplegen: Run, tmp_path: Path
) -> None:
    for title, text in blocks("extend.md").items():
        file = tmp_path / title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
    spec, templates = tmp_path / "spec", tmp_path / "templates"
    own = ["--spec", spec, "--templates", templates]
    listed = samplegen("list", *own)
    assert listed.returncode == 0, listed.stderr
    assert "Add One to Ten Numbers" in listed.stdout
    assert samplegen("show", "add-one", "--client", "curl/rest", *own).returncode == 0
    assert samplegen("show", "health", "--client", "curl/wget", *own).returncode == 0
    made = building.book([spec], [templates])
    options = {"spec": [str(spec)], "templates": [str(templates)], "samples": str(tmp_path)}
    site = building.build(tmp_path, made, plugin=options, strict=False)
    assert "Add One to Ten Numbers" in site.text("clients/index.html")
    assert "Add One to Ten Numbers</h1>" in re.sub(
        "<a .*?</a>", "", site.text("operations/add-one/index.html")
    )
    assert 'aria-label="Libraries for curl"' in site.text("operations/health/index.html")


@pytest.mark.parametrize("client", ["curl/wget", "curl/rest"])
def test_what_the_page_adds_passes_the_judge(samplegen: Run, tmp_path: Path, client: str) -> None:
    tools = ["wget"] if client == "curl/wget" else ["curl", "jq"]
    if absent := [tool for tool in tools if shutil.which(tool) is None]:
        missing(f"{absent[0]} is missing")
    for title, text in blocks("extend.md").items():
        file = tmp_path / title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
    operation = "health" if client == "curl/wget" else "add-one"
    own = ["--spec", tmp_path / "spec", "--templates", tmp_path / "templates"]
    verdicts = tmp_path / "verdicts.json"
    with running(tmp_path / "log") as server:
        # On free ports: other tests may be using the documented ones.
        to = ["--endpoint", f"localhost:{server.port}:{server.rest_port}", "--verdicts", verdicts]
        done = samplegen("verify", operation, "--client", client, *own, *to, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_configuration_that_the_page_shows_is_valid() -> None:
    shown = re.findall(r"^```yaml\n(plugins:.*?)```$", page("extend.md"), re.M | re.S)
    assert [yaml.safe_load(text) for text in shown] == [
        {"plugins": [{"samplegen": {"spec": ["my-spec"], "templates": ["my-templates"]}}]}
    ]
