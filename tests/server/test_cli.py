"""The command line: what it takes, and what it says of what it does not."""

import re
from pathlib import Path

import pytest
from samplegen_server import cli
from samplegen_server.cli import Options

PORTS = ["--port", "9000"]


def parse(*arguments: str) -> Options:
    return cli.parse([*PORTS, *arguments])


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        cli.parse(arguments)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_without_a_model_the_bundled_ones_are_served() -> None:
    models = {model.name: model for model in parse().read_models()}
    assert list(models)[:2] == ["dummy", "digits"]
    assert not any(model.problem or model.warnings for model in models.values())
    assert models["increment"].version_policy.latest == 0
    folders = (Path(cli.__file__).parent / "models").iterdir()
    assert {model.base_path for model in models.values()} == set(folders)


def test_documented_command_line_works_unchanged(tmp_path: Path) -> None:
    options = cli.parse(
        f"--port 9000 --rest_port=8000 --model_name resnet --model_path {tmp_path} "
        '--layout NHWC:NCHW --shape (1,3,224,224) --plugin_config {"NUM_STREAMS":"2"} '
        "--target_device CPU --nireq 4 --batch_size 8 --metrics_enable --log_level DEBUG "
        '--model_version_policy {"all":{}} --file_system_poll_wait_seconds 5'.split()
    )
    (model,) = options.read_models()
    assert (options.port, options.rest_port, options.metrics) == (9000, 8000, True)
    assert (options.poll_seconds, options.log_level) == (5, "DEBUG")
    assert (model.name, model.base_path, model.nireq) == ("resnet", tmp_path, 4)
    assert model.plugin_config == {"NUM_STREAMS": "2"}
    assert model.version_policy.latest == 0


def test_addresses_are_this_machines_own_by_default() -> None:
    options = parse()
    assert options.grpc_bind_addresses == options.rest_bind_addresses == ["127.0.0.1"]


def test_several_addresses() -> None:
    options = parse("--grpc_bind_address", "127.0.0.1,::1", "--rest_bind_address=localhost, ::1")
    assert options.grpc_bind_addresses == ["127.0.0.1", "::1"]
    assert options.rest_bind_addresses == ["localhost", "::1"]


REFUSED = {
    "nothing to listen on": ([], "nothing to serve on"),
    "one port for both": (["--port", "1", "--rest_port", "1"], "must differ"),
    "port too large": (["--port", "65536"], "argument --port: invalid port value: '65536'"),
    "port is a word": (["--port", "x"], "argument --port: invalid port value: 'x'"),
    "misspelt flag": (["--prot", "9000"], "unknown argument --prot, did you mean --port?"),
    "misspelt flag with a value": (
        ["--rest_prot=9000"],
        "unknown argument --rest_prot=9000, did you mean --rest_port?",
    ),
    "abbreviated flag": (["--model_na", "x"], "did you mean --model_name?"),
    "unknown word": (["--port", "1", "word"], "unknown argument word"),
    "OpenVINO Model Server's flag": (
        ["--rest_workers", "4"],
        "--rest_workers of OpenVINO Model Server is not supported here",
    ),
    "OpenVINO Model Server's other flag": (
        ["--task=text_generation"],
        "--task of OpenVINO Model Server is not supported here",
    ),
    "metrics without REST": ([*PORTS, "--metrics_enable"], "metrics need --rest_port"),
    "name without path": ([*PORTS, "--model_name", "x"], "go together"),
    "empty name": ([*PORTS, "--model_name", "", "--model_path", "/"], "go together"),
    "path without name": ([*PORTS, "--model_path", "/"], "go together"),
    "several misspelt flags": (
        ["--prot=1", "--rest_workers", "4", "--modelname", "x"],
        "unknown argument --prot=1, did you mean --port?; --rest_workers of OpenVINO Model Server "
        "is not supported here: one event loop serves all clients; unknown argument --modelname, "
        "did you mean --model_name?",
    ),
    "no address": (
        [*PORTS, "--grpc_bind_address", "127.0.0.1,,::1"],
        "argument --grpc_bind_address: invalid list of addresses value: '127.0.0.1,,::1'",
    ),
    "an address twice": ([*PORTS, "--rest_bind_address", "::1,::1"], "invalid list of addresses"),
    "no room for messages": (
        [*PORTS, "--max_message_bytes", "0"],
        "invalid number above 0",
    ),
    "process that cannot be": ([*PORTS, "--parent_pid", "-1"], "invalid number above 0"),
    "level in lower case": ([*PORTS, "--log_level", "debug"], "invalid choice: 'debug'"),
    **{
        f"wait of {text}": (
            [*PORTS, "--file_system_poll_wait_seconds", text],
            f"invalid number of seconds value: '{text}'",
        )
        for text in ("nan", "inf", "1e300", "x")
    },
    "name that is no text": ([*PORTS, "--server_name", "\udcff"], "invalid UTF-8 value"),
    "config file and a model": (
        [*PORTS, "--config_path", "/x", "--model_name", "x"],
        "--config_path names the models",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_command_line(capsys: pytest.CaptureFixture[str], case: str) -> None:
    arguments, text = REFUSED[case]
    said = refusal(capsys, *arguments)
    assert text in said
    assert said.count("\n") == 2, "one line of what is wrong, one of where to look"


def test_wait_may_be_short_or_none() -> None:
    for text, seconds in (("0", 0), ("-1", -1), ("0.5", 0.5), ("1e9", 1e9)):
        assert parse("--file_system_poll_wait_seconds", text).poll_seconds == seconds


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.parse(["--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert "examples:" in said
    for flag in cli.MODEL_FLAGS:
        assert f"--{flag}" in said
    assert not re.search(r"%\(", said)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.parse(["--version"])
    assert caught.value.code == 0
    assert re.fullmatch(r"20\d\d\.\d+\.\d+\.[0-9a-f]{9}\n", capsys.readouterr().out)


def test_no_flag_is_both_known_and_unsupported(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.parse(["--help"])
    known = set(re.findall(r"--[a-z_]+", capsys.readouterr().out))
    assert not known & set(cli.UNSUPPORTED)


def test_metrics_by_config_file(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    text = '{"model_config_list": [], "monitoring": {"metrics": {"enable": true}}}'
    config.write_text(text)
    assert parse("--rest_port", "8000", "--config_path", str(config)).metrics
