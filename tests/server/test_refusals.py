"""Command lines and config files as people get them wrong: each has its line in the log.

Where OpenVINO Model Server ends at once, so does this server, with status 1; 2 is for a command
line that cannot be read.
"""

import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.server import formats, graphs, zoo
from tests.server.process import Server, command, environment, free_ports, running

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models, whole and otherwise."""
    home = tmp_path_factory.mktemp("home")
    zoo.write(zoo.adding(1), home / "good", 1)
    formats.write(home / "flat", "ONNX")
    formats.write(home / "onnx" / "1", "ONNX")
    for name, file, content in (
        ("half", "1/model.xml", b"<net/>"),
        ("keras", "1/model.h5", b""),
        ("garbage", "1/model.onnx", b"\0\1\2"),
        ("newest", "2/model.tflite", b"\0\1\2"),
        ("html", "1/model.xml", b"<html/>"),
        ("html", "1/model.bin", b""),
        ("zeros", "01/model.onnx", b""),
        ("words", "latest/model.onnx", b""),
    ):
        (home / name / file).parent.mkdir(parents=True, exist_ok=True)
        (home / name / file).write_bytes(content)
    zoo.write(zoo.adding(1), home / "newest", 1)
    zoo.write(zoo.two(), home / "two", 1)
    (home / "empty").mkdir()
    graphs.write(home / "graph", graphs.text("m", {"in": "x"}, {"out": "y"}))
    graphs.write(home / "nograph", 'node { calculator: "PythonExecutorCalculator" }')
    graphs.write(home / "badsub", graphs.text("m", {"in": "x"}, {"out": "y"}), "graph.pbtxt")
    (home / "badsub" / "subconfig.json").write_text("{")
    return home


def run(home: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Start a server that is expected to end by itself."""
    return subprocess.run(
        command("--rest_port", free_ports(1)[0], *arguments),
        cwd=home,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )


def problems(log: str) -> list[str]:
    """The lines of the log that tell of something wrong, without date and time."""
    return re.findall(r"(?m)^\[[-0-9 :,]+\]\[((?:WARNING|ERROR)\].*)$", log)


MODEL = ("--model_name", "m", "--model_path")

ENDS = {
    "folder that is not there": (
        (*MODEL, "goood"),
        "model m is not served: {home}/goood is not there ({home} is, and holds badsub, empty, "
        "flat, garbage, good, graph and 9 more); expected a folder with a folder for each version",
    ),
    "no path": ((*MODEL, ""), "--model_path: no path, expected a folder of versions or a model"),
    "path with ..": ((*MODEL, "../good"), "--model_path: ../good has '..' in it"),
    "path in a cloud storage": (
        (*MODEL, "s3://bucket/model"),
        "--model_path: s3://bucket/model is in a cloud storage, which is not supported",
    ),
    "file that is no model": (
        (*MODEL, "keras/1/model.h5"),
        "model m is not served: {home}/keras/1/model.h5 is no model file: expected .xml with .bin",
    ),
    "weights instead of the model": (
        (*MODEL, "good/1/model.bin"),
        "{home}/good/1/model.bin is no model file",
    ),
    "half of a model": (
        (*MODEL, "half/1/model.xml"),
        "{home}/half/1/model.xml cannot be served: model.xml has no .bin file beside it",
    ),
    "version with half of a model": (
        (*MODEL, "half"),
        "model m version 1 is not served: no model in {home}/half/1: found model.xml; expected",
    ),
    "version with a file of another kind": (
        (*MODEL, "keras"),
        "model m version 1 is not served: no model in {home}/keras/1: found model.h5; expected",
    ),
    "file that cannot be read": (
        (*MODEL, "garbage"),
        "model m version 1 is not served: {home}/garbage/1/model.onnx cannot be read as ONNX: ",
    ),
    "file that is not what its name says": (
        (*MODEL, "html"),
        "{home}/html/1/model.xml is no OpenVINO IR: it has no <net ...> at its beginning",
    ),
    "version with zeros before it": (
        (*MODEL, "zeros"),
        "model m version 1 is not served: looked for {home}/zeros/1, found {home}/zeros/01; rename",
    ),
    "shape without brackets": (
        (*MODEL, "good", "--shape", "1,2"),
        "--shape: '1,2' is no shape, expected such as (1,3,224,224)",
    ),
    "shape for an input that is not there": (
        (*MODEL, "good", "--shape", '{{"y": "(1,2)"}}'),
        "model m version 1 is not served: shape for 'y', but the model has x",
    ),
    "shape that the model cannot have": (
        (*MODEL, "good", "--shape", "(1,2,3,0:0)"),
        "--shape: '0:0' is no size",
    ),
    "shape for one of two inputs": (
        (*MODEL, "two", "--shape", "(1,2)"),
        "shape without an input's name, but the model has several inputs",
    ),
    "layout of other letters": (
        (*MODEL, "good", "--layout", "nhwx"),
        "--layout: 'nhwx' is no layout, expected such as NHWC or NHWC:NCHW",
    ),
    "layout of another length": ((*MODEL, "good", "--layout", "nhwc"), "model m version 1 is not"),
    "policy in words": (
        (*MODEL, "good", "--model_version_policy", "latest"),
        "--model_version_policy: not valid JSON: Expecting value: line 1 column 1",
    ),
    "policy that is none": (
        (*MODEL, "good", "--model_version_policy", '{{"newest": {{}}}}'),
        "--model_version_policy: {{'newest': {{}}}} cannot be used, expected one of",
    ),
    "plugin config that OpenVINO does not know": (
        (*MODEL, "good", "--plugin_config", '{{"NUM_STREAM": 2}}'),
        "NUM_STREAM",
    ),
    "device that is not there": (
        (*MODEL, "good", "--target_device", "TOASTER"),
        "TOASTER",
    ),
    "requests that are no number": ((*MODEL, "good", "--nireq", "many"), "--nireq: 'many' is no"),
    "batch size in words": ((*MODEL, "good", "--batch_size", "auto"), "--batch_size: auto is not"),
    "config file that is not there": (
        ("--config_path", "missing.json"),
        "missing.json: cannot be read: No such file or directory",
    ),
    "graph that is none": (
        (*MODEL, "nograph"),
        "graph m is not served: {home}/nograph/graph.pbtxt: PythonExecutorCalculator is not supp",
    ),
    "graph with a model's flag": (
        (*MODEL, "graph", "--nireq", "2"),
        "--nireq is for models, and {home}/graph holds a graph; name its models in {home}/graph/",
    ),
    "graph whose subconfig is no JSON": (
        (*MODEL, "badsub"),
        "{home}/badsub/subconfig.json: not valid JSON",
    ),
    "path that is too long": (
        (*MODEL, "a" * 300),
        "aaa cannot be read: File name too long ({home} is, and holds badsub, empty, ",
    ),
    "config file with a name that is too long": (
        ("--config_path", "a" * 300),
        "aaa: cannot be read: File name too long",
    ),
    "requests without an end": ((*MODEL, "good", "--nireq", "9" * 5000), "9' is no number of 0 to"),
    "address that is none": (("--rest_bind_address", "a" * 70), "REST cannot listen on aaa"),
    "address with an empty label": (("--rest_bind_address", "a..b"), "REST cannot listen on a..b"),
    "config file that is a folder": (("--config_path", "good"), "good: a folder, expected a conf"),
}
"""Arguments, and what the log says."""


@pytest.mark.parametrize("case", ENDS)
def test_start_that_ends(home: Path, case: str) -> None:
    arguments, text = ENDS[case]
    done = run(home, *(argument.format() for argument in arguments))
    assert done.returncode == 1, done.stderr
    (problem,) = problems(done.stderr)
    assert problem.startswith("ERROR] ")
    assert text.format(home=home) in problem
    assert "Traceback" not in done.stderr


CONFIGS: dict[str, tuple[Any, str]] = {
    "no JSON": ('{"model_config_list": [', "not valid JSON: Expecting value: line 1 column 24"),
    "no object": ("[]", 'no JSON object, expected {"model_config_list"'),
    "no models": ({"models": []}, 'no "model_config_list", a list of {"config": {'),
    "entry without config": (
        {"model_config_list": [{"name": "m", "base_path": "good"}]},
        'model_config_list[0] is no {"config": {...}}',
    ),
    "key that is not known": (
        {"model_config_list": [{"config": {"name": "m", "base_path": "good", "nire": 1}}]},
        "m: \"nire\" is not supported, did you mean 'nireq'?",
    ),
    "flag's name of a key": (
        {"model_config_list": [{"config": {"name": "m", "model_path": "good"}}]},
        'm: no "base_path", the folder of its versions or its file; ',
    ),
    "value of another kind": (
        {"model_config_list": [{"config": {"name": "m", "base_path": "good", "nireq": "a"}}]},
        "m: nireq: 'a' is no number of 0 to 100000",
    ),
    "pipelines": (
        {"model_config_list": [], "pipeline_config_list": [{"name": "p"}]},
        '"pipeline_config_list" is not supported: pipelines are not served',
    ),
    "misspelt monitoring": (
        {"model_config_list": [], "monitoring": {"metrics": {"enabled": True}}},
        '"enabled" is not supported, did you mean \'enable\'? in "metrics"',
    ),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_config_file_that_ends_the_start(home: Path, tmp_path: Path, case: str) -> None:
    content, text = CONFIGS[case]
    path = tmp_path / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    done = run(home, "--config_path", path)
    assert done.returncode == 1, done.stderr
    found = problems(done.stderr)
    assert all(problem.startswith(f"ERROR] {path}: ") for problem in found)
    assert text in "; ".join(found)
    assert len(found) == done.stderr.count("\n")


@dataclass(frozen=True)
class Going:
    """A model in a config file beside others: what the log says, and what its versions are."""

    options: dict[str, Any]
    text: str
    versions: dict[str, str]
    """Version to state and error code."""


FAILED = "LOADING UNKNOWN"
GOES_ON = {
    "good": Going({}, "", {"1": "AVAILABLE OK"}),
    "missing": Going({}, "missing is not there", {}),
    "empty": Going({}, "WARNING] model empty: no version in {home}/empty: found nothing; put", {}),
    "flat": Going({}, "no version in {home}/flat: found model.onnx; put the model's files", {}),
    "words": Going({}, "no version in {home}/words: found latest; put the model's files", {}),
    "zeros": Going({}, "looked for {home}/zeros/1, found {home}/zeros/01", {"1": FAILED}),
    "half": Going({}, "model.xml has no .bin file beside it", {"1": FAILED}),
    "garbage": Going({}, "garbage/1/model.onnx cannot be read as ONNX", {"1": FAILED}),
    "newest": Going({}, "model.tflite cannot be read", {"1": "AVAILABLE OK", "2": FAILED}),
    "layout": Going({"base_path": "good", "layout": "XY"}, "config.json: layout: 'XY' is no", {}),
    "cloud": Going({"base_path": "gs://b/m"}, "gs://b/m is in a cloud storage", {}),
    "specific": Going(
        {"base_path": "good", "model_version_policy": {"specific": {"versions": [1, 3]}}},
        "model_version_policy asks for 3, which is not there: found 1",
        {"1": "AVAILABLE OK"},
    ),
    "both": Going(
        {"base_path": "good", "shape": "(1,2)", "batch_size": 1},
        "batch_size has no effect, since there is a shape",
        {"1": "AVAILABLE OK"},
    ),
}


def test_model_that_cannot_be_served_keeps_no_other_from_it(home: Path, tmp_path: Path) -> None:
    entries = [{"name": name, "base_path": name, **one.options} for name, one in GOES_ON.items()]
    for entry in entries:
        if "://" not in entry["base_path"]:
            entry["base_path"] = str(home / entry["base_path"])
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_config_list": [{"config": entry} for entry in entries]}))
    arguments = ("--config_path", path, "--file_system_poll_wait_seconds", "0.05")
    with running(tmp_path / "log", arguments) as server:
        states = server.rest("GET", "/v1/config").json()
        for name, going in GOES_ON.items():
            versions = {
                found["version"]: f"{found['state']} {found['status']['error_code']}"
                for found in states[name]["model_version_status"]
            }
            assert versions == going.versions, name
        for _ in range(3):  # reads everything anew
            assert server.rest("POST", "/v1/config/reload").status == 200
        told = problems(server.log.read_text())
    for name, going in GOES_ON.items():
        mine = [line for line in told if f" model {name} " in line or f" model {name}:" in line]
        if going.text:
            (line,) = mine  # once, however often the server looks
            assert going.text.format(home=home) in line
        else:
            assert mine == []


def test_what_was_told_is_told_again_when_it_has_changed(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.json"

    def configure(folder: Path | None) -> None:
        entries = [] if folder is None else [{"config": {"name": "m", "base_path": str(folder)}}]
        path.write_text(json.dumps({"model_config_list": entries}))

    configure(tmp_path / "1")
    arguments = ("--config_path", path, "--file_system_poll_wait_seconds", "0")
    with running(tmp_path / "log", arguments) as server:
        two = tmp_path / "2"
        for folder in (two, two, home / "good", two, None, two):
            configure(folder)
            assert server.rest("POST", "/v1/config/reload").status == 200
        told = problems(server.log.read_text())
    assert [re.findall(r"(\d) is not there", line) for line in told] == [["1"], ["2"], ["2"], ["2"]]


def test_config_file_that_breaks_later_is_told_once(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"model_config_list": []}')
    arguments = ("--config_path", path, "--file_system_poll_wait_seconds", "0.02")
    with running(tmp_path / "log", arguments) as server:
        for name in ("one", "two"):
            path.write_text('{"model_config_list": [], "x": 1}')
            wait_for_line(server, '"x" is not supported')
            time.sleep(0.3)  # the server looks at it a dozen times
            entry = {"name": name, "base_path": name}
            path.write_text(json.dumps({"model_config_list": [{"config": entry}]}))
            wait_for_line(server, f"model {name} is not served")
        assert server.stop() == 0
        told = problems(server.log.read_text())
    broken = [line for line in told if '"x" is not supported' in line]
    assert len(broken) == 2, "once each time that it broke"
    assert all(line.endswith("; what was served still is") for line in broken)


def wait_for_line(server: Server, text: str) -> None:
    """Wait until the last line that tells of something wrong has this in it."""
    deadline = time.monotonic() + 30
    while True:
        told = problems(server.log.read_text())
        if told and text in told[-1]:
            return
        assert time.monotonic() < deadline, told
        time.sleep(0.01)
