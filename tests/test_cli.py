"""The command line: what it prints, its exit statuses, and one clear message for each mistake."""

import json
import shlex
import shutil
import socket
import subprocess
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from samplegen.cli import COMMANDS
from tests import toy
from tests.conftest import ROOT, Run, need, samplegen_command
from tests.server.process import free_ports

pytestmark = pytest.mark.processes


def fails(finished: "CompletedProcess[str]", status: int, *messages: str) -> None:
    """Asserts exit status and messages, nothing on stdout, and no traceback."""
    assert finished.returncode == status, finished.stderr
    assert finished.stdout == ""
    assert "Traceback" not in finished.stderr
    for message in messages:
        assert message in finished.stderr


def test_help_names_every_command(samplegen: Run) -> None:
    help_text = samplegen("--help").stdout
    for command in COMMANDS:
        assert f"\n  {command} " in help_text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches(command: str, samplegen: Run) -> None:
    finished = samplegen(command, "--help")
    assert finished.returncode == 0
    assert finished.stdout.startswith(f"Usage: samplegen {command}")
    assert len(finished.stdout.splitlines()) > 6


def test_list_shows_every_cell(samplegen: Run) -> None:
    cells = json.loads(samplegen("list", "--json").stdout)
    assert len(cells) == 108
    omitted = [cell for cell in cells if cell["state"] != "ready"]
    assert [(cell["operation"], cell["client"], cell["state"]) for cell in omitted] == [
        ("infer-binary", "curl/rest", "omitted")
    ]
    assert "beyond 2^53" in omitted[0]["reason"]
    text = samplegen("list").stdout
    for cell in cells:
        assert cell["operation"] in text
        assert cell["client"] in text


def test_show_prints_the_published_bytes(samplegen: Run) -> None:
    shown = samplegen("show", "infer-image", "--client", "curl/rest")
    assert shown.returncode == 0
    assert shown.stdout == (ROOT / "site/samples/curl/rest/infer-image.sh").read_text()


def test_show_takes_the_readers_own_values(samplegen: Run) -> None:
    client = ("--client", "curl/rest")
    own = ("--host", "gpu7", "--rest-port", "8080", "--model", "cats", "--model-version", "3")
    shown = samplegen("show", "infer-image", *client, *own).stdout
    assert "http://gpu7:8080/v2/models/cats/versions/3/infer" in shown
    shown = samplegen("show", "infer-image", *client, "--model-version", "").stdout
    assert "http://localhost:8000/v2/models/digits/infer" in shown
    shown = samplegen("show", "infer-image", *client, "--host", "::1").stdout
    assert "http://[::1]:8000/v2/models/digits/versions/1/infer" in shown


def test_show_json_says_where_the_values_stand(samplegen: Run) -> None:
    finished = samplegen("show", "health", "--client", "python/tritonclient-grpc", "--json")
    shown = json.loads(finished.stdout)
    values = {s["name"]: shown["text"][s["start"] : s["end"]] for s in shown["spans"]}
    assert values == {
        "host": "localhost",
        "grpc_port": "9000",
        "model": "dummy",
        "model_version": "1",
    }


def test_show_prints_the_lines_that_call_the_server(samplegen: Run) -> None:
    client = ("--client", "python/requests")
    shown = samplegen("show", "server-metadata", *client, "--host", "gpu7", "--part", "call")
    assert shown.stdout == (
        'url = "http://gpu7:8000/v2"\n'
        "metadata = send(session.get, url).json()\n"
        "print(f\"name: {field(metadata, 'name')}\")\n"
        "print(f\"version: {field(metadata, 'version')}\")\n"
    )
    whole = json.loads(samplegen("show", "server-metadata", *client, "--json").stdout)
    (lines,) = whole["calls"]
    assert whole["text"][lines["start"] : lines["end"]].startswith("    url = ")


def test_a_template_that_marks_no_call_is_named(samplegen: Run, tmp_path: Path) -> None:
    template = tmp_path / "curl/rest/health.sh.jinja"
    template.parent.mkdir(parents=True)
    template.write_text("exit 0\n")
    options = ("--client", "curl/rest", "--templates", tmp_path)
    message = "templates/curl/rest/health.sh.jinja: no lines in a block named 'call'"
    fails(samplegen("show", "health", *options, "--part", "call"), 1, message)
    fails(samplegen("show", "health", *options, "--part", "call", "--json"), 2, "--json and --part")


def test_unknown_names_get_the_nearest_ones_all_at_once(samplegen: Run) -> None:
    finished = samplegen("show", "helth", "--client", "python/tritonclient-grcp")
    fails(
        finished,
        2,
        "error: no operation 'helth'; did you mean 'health'?",
        "error: no client 'python/tritonclient-grcp'; did you mean 'python/tritonclient-grpc'?",
    )
    fails(samplegen("verify", "infer"), 2, "no operation 'infer'; did you mean 'infer-fp16'?")
    fails(samplegen("verify", "--client", "pyton"), 2, "no client 'pyton'; did you mean 'python'?")
    fails(samplegen("shwo"), 2, "no command 'shwo'; did you mean 'show'?")
    fails(samplegen("list", "--jsn"), 2, "--json")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--host", "a b"), "--host: found 'a b'; expected a host name or an IP address"),
        (("--host", "x';rm -rf /"), "--host: found"),
        (("--model-version", "new"), "--model-version: found 'new'; expected digits"),
        (("--grpc-port", "0"), "--grpc-port"),
        (("--rest-port", "65536"), "--rest-port"),
        (("--grpc-port", "8000"), "gRPC and REST cannot share port 8000; change one of them"),
        (("--spec", "nowhere"), "nowhere: no such folder"),
    ],
)
def test_impossible_values_are_refused(
    options: tuple[str, ...], message: str, samplegen: Run
) -> None:
    fails(samplegen("show", "health", "--client", "curl/rest", *options), 2, message)


@pytest.mark.parametrize("endpoint", ["localhost", "localhost:9000", "a:b:c", "localhost:0:1"])
def test_an_endpoint_is_host_and_two_ports(endpoint: str, samplegen: Run) -> None:
    finished = samplegen("verify", "--endpoint", endpoint)
    fails(finished, 2, "expected HOST:GRPC_PORT:REST_PORT, such as localhost:9000:8000")


def test_a_server_that_is_not_there(samplegen: Run, tmp_path: Path) -> None:
    finished = samplegen("verify", "--endpoint", "localhost:1:2", cwd=tmp_path)
    fails(finished, 1, "no server answers at localhost:2: ", "or leave out its address")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_template_is_named_and_nothing_is_written(samplegen: Run, tmp_path: Path) -> None:
    own = tmp_path / "spec"
    own.mkdir()
    (own / "new.yaml").write_text(
        (ROOT / "spec/server-metadata.yaml").read_text().replace("form: server", "form: novel")
    )
    finished = samplegen("generate", "--spec", own, cwd=tmp_path)
    names = [
        "templates/python/tritonclient-grpc/novel-metadata.py.jinja",
        "templates/python/tritonclient-http/novel-metadata.py.jinja",
        "templates/curl/rest/novel-metadata.sh.jinja",
    ]
    wanted = "no such template; add it, wanted by the operation 'new'"
    fails(finished, 1, *(f"{name}: {wanted}" for name in names))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spec"]


def test_mistakes_in_spec_and_templates_are_told_together(samplegen: Run, tmp_path: Path) -> None:
    for name, content in {
        "spec/health.yaml": "title: 5\n",
        "templates/curl/rest/client.yaml": "title: [\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(content)
    finished = samplegen("list", "--spec", "spec", "--templates", "templates", cwd=tmp_path)
    fails(finished, 1, "spec/health.yaml:1:8: title: found 5", "client.yaml:2:1: not YAML")


def test_an_undefined_name_is_an_error_at_its_line(samplegen: Run, tmp_path: Path) -> None:
    own = tmp_path / "templates/curl/rest"
    own.mkdir(parents=True)
    (own / "health.sh.jinja").write_text("one\n{{ url.ServerAlive | quote }}\n")
    shown = samplegen("show", "health", "--client", "curl/rest", "--templates", own.parents[1])
    fails(shown, 1, "health.sh.jinja:2: ", "ServerAlive", "the operation 'health'")


def test_generate_check_fails_after_one_changed_character(samplegen: Run, tmp_path: Path) -> None:
    samples = tmp_path / "samples"
    assert samplegen("generate", "--output", samples).returncode == 0
    assert samplegen("generate", "--check", "--output", samples).returncode == 0
    changed = samples / "curl/rest/health.sh"
    changed.write_text(changed.read_text().replace("live: true", "live: True"))
    (samples / "stray.txt").touch()
    finished = samplegen("generate", "--check", "--output", samples)
    assert finished.returncode == 1
    assert "-echo 'server live: True'\n+echo 'server live: true'\n" in finished.stdout
    assert f"{samples / 'stray.txt'}: unknown" in finished.stdout
    assert "is not fresh; run samplegen generate" in finished.stderr
    assert changed.read_text().count("live: True") == 1, "--check writes nothing"
    assert samplegen("generate", "--output", samples).returncode == 0
    assert samplegen("generate", "--check", "--output", samples).returncode == 0


def test_committed_samples_and_schemas_are_fresh(samplegen: Run) -> None:
    assert samplegen("generate", "--check").returncode == 0
    assert samplegen("schema", "--check").returncode == 0


def test_an_unwritable_folder_is_one_message(samplegen: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finished = samplegen("generate", "--output", tmp_path / "file" / "samples")
    fails(finished, 1, "cannot be written: Not a directory")
    options = toy.make(tmp_path, {"good": toy.GOOD})
    finished = samplegen("verify", "--verdicts", tmp_path / "file/x", *options, cwd=tmp_path)
    assert finished.returncode == 1
    assert "file/x: cannot be written: " in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_missing_toolchain_is_a_named_skip_and_red_where_required(
    samplegen: Run, tmp_path: Path
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    need("curl")
    for tool in ("sh", "curl"):
        path = shutil.which(tool)
        assert path is not None
        (tools / tool).symlink_to(path)
    options = ("verify", "health", "--client", "curl", "--json")
    skipped = samplegen(*options, cwd=tmp_path, PATH=str(tools))
    (verdict,) = json.loads(skipped.stdout)
    assert skipped.returncode == 0
    assert verdict["status"] == "skipped"
    assert "jq is missing; type: sudo apt install jq" in verdict["reason"]
    required = samplegen(*options, "--require", "curl", cwd=tmp_path, PATH=str(tools))
    assert required.returncode == 1
    assert "health × curl/rest is required, but not fully judged: jq is missing" in required.stderr


def test_verify_writes_json_junit_and_verdicts(samplegen: Run, tmp_path: Path) -> None:
    need("curl", "jq")
    options = ("health", "--client", "curl", "--junit", "report/junit.xml")
    finished = samplegen("verify", *options, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "1 passed, 0 failed" in finished.stdout
    assert (
        '<testcase classname="curl.rest" name="health"'
        in (tmp_path / "report/junit.xml").read_text()
    )
    (verdict,) = json.loads((tmp_path / "build/verdicts.json").read_text())
    assert verdict["output"] == "server live: true\nserver ready: true\nmodel ready: true\n"
    assert verdict["versions"]["server"].startswith("OpenVINO Model Server ")


def test_serve_names_a_port_in_use(samplegen: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        (other,) = free_ports(1)
        finished = samplegen("serve", "--rest-port", port, "--grpc-port", str(other))
    assert finished.returncode == 1
    assert port in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, samplegen: Run) -> None:
    assert "_SAMPLEGEN_COMPLETE" in samplegen("completion", shell).stdout


def test_operations_and_clients_complete(samplegen: Run) -> None:
    def completed(words: str, number: int) -> list[str]:
        finished = samplegen(
            _SAMPLEGEN_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(number)
        )
        return [line.partition(",")[2] for line in finished.stdout.splitlines()]

    assert completed("samplegen show inf", 2) == [
        "infer-array", "infer-binary", "infer-fp16", "infer-image", "infer-simple", "infer-strings",
    ]  # fmt: skip
    assert completed("samplegen show health --client cu", 4) == ["curl/rest"]
    assert "verify" in completed("samplegen ver", 1)


def test_a_closed_pipe_ends_it_silently() -> None:
    command = shlex.join(samplegen_command("list"))
    finished = subprocess.run(
        ["bash", "-c", f"{command} | head -1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
