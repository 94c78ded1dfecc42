"""Starting and stopping: flags, ports, signals, and requests that are under way."""

import concurrent.futures
import contextlib
import dataclasses
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from tests.server import zoo
from tests.server.asking import ASK, Input, Question
from tests.server.process import command, environment, free_ports, running, wait_ready

pytestmark = pytest.mark.processes


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments), env=environment(), capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_the_server_at_once_and_in_order(tmp_path: Path, number: int) -> None:
    with running(tmp_path / "log") as server:
        assert server.rest("GET", "/v2/models/digits/ready").status == 200
        start = time.monotonic()
        assert server.stop(number) == 0
        assert time.monotonic() - start < 2
        log = server.log.read_text()
    assert f"ready: gRPC on 127.0.0.1:{server.port}, REST on 127.0.0.1:{server.rest_port}" in log
    assert "Traceback" not in log


def test_signal_while_models_are_loading(tmp_path: Path) -> None:
    with running(tmp_path / "log", is_ready=False) as server:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if server.rest("GET", "/v2/health/live").status == 200:
                    break
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()


def test_interrupt_while_modules_are_imported(tmp_path: Path) -> None:
    with running(tmp_path / "log", is_ready=False) as server:
        maps = Path(f"/proc/{server.process.pid}/maps")
        deadline = time.monotonic() + 20
        while "numpy" not in maps.read_text() and time.monotonic() < deadline:
            time.sleep(0.001)
        assert server.stop(signal.SIGINT) == -signal.SIGINT  # to a shell, 130
        assert "Traceback" not in server.log.read_text()


def test_accepted_request_is_answered_before_the_server_stops(tmp_path: Path) -> None:
    zoo.write(zoo.slow(), tmp_path / "slow")
    arguments = ("--model_name", "slow", "--model_path", tmp_path / "slow")
    question = Question("slow", [Input("x", "FP32", [1, 1], raw=np.float32(1).tobytes())])
    with running(tmp_path / "log", arguments) as server:
        expected = ASK["gRPC"](server, question)
        assert expected.code == "OK"
        with concurrent.futures.ThreadPoolExecutor() as pool:
            asked = [pool.submit(ASK[name], server, question) for name in ASK for _ in range(3)]
            time.sleep(0.05)
            assert server.stop() == 0
        said = [future.exception() or future.result().code for future in asked]
    # Those that came too late were refused, not left without an answer.
    assert "OK" in said
    refused = ("UNAVAILABLE", "503")
    assert all(one == "OK" or one in refused or isinstance(one, OSError) for one in said), said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_server_that_is_ended_under_load_leaves_no_client_waiting(
    tmp_path: Path, number: int
) -> None:
    """And another takes its ports at once."""
    zoo.write(zoo.slow(), tmp_path / "slow")
    arguments = ("--model_name", "slow", "--model_path", tmp_path / "slow")
    question = Question("slow", [Input("x", "FP32", [1, 1], raw=np.float32(1).tobytes())])
    with running(tmp_path / "log", arguments) as server:
        expected = ASK["gRPC"](server, question)
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            asked = [pool.submit(ASK[name], server, question) for _ in range(16) for name in ASK]
            concurrent.futures.wait(asked, return_when=concurrent.futures.FIRST_COMPLETED)
            assert server.stop(number) == (0 if number == signal.SIGTERM else -number)
            done, waiting = concurrent.futures.wait(asked, timeout=15)
        assert not waiting
        for future in done:
            if future.exception() is not None:
                assert isinstance(future.exception(), OSError | http.client.HTTPException)
            elif future.result().code == "OK":
                assert future.result().outputs == expected.outputs
            else:
                assert future.result().code in ("UNAVAILABLE", "503")
        ports = ("--port", server.port, "--rest_port", server.rest_port)
        with running(tmp_path / "again", ports, is_ready=False) as again:
            wait_ready(dataclasses.replace(again, port=server.port, rest_port=server.rest_port))


def test_inference_that_takes_too_long_does_not_hold_the_server(tmp_path: Path) -> None:
    zoo.write(zoo.slow(3000, 40), tmp_path / "slow")
    arguments = ("--model_name", "slow", "--model_path", tmp_path / "slow", "--shape", "(-1,-1)")
    question = Question("slow", [Input("x", "FP32", [1, 1], raw=np.float32(1).tobytes())])
    with running(tmp_path / "log", arguments) as server:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            asked = [pool.submit(ask, server, question) for ask in ASK.values()]
            time.sleep(0.5)
            assert server.stop() == 0
        # Had it waited for the inferences, which take longer than that, both would be answered.
        assert [future.result().code for future in asked] == ["UNAVAILABLE", "503"]


@pytest.mark.parametrize(("flag", "transport"), [("--port", "gRPC"), ("--rest_port", "REST")])
def test_port_in_use_is_one_clear_line(flag: str, transport: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(flag, port)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"{transport} cannot listen on 127.0.0.1:{port}: " in done.stderr
    assert "Address already in use" in done.stderr


def test_unknown_address(tmp_path: Path) -> None:
    done = run("--rest_port", free_ports(1)[0], "--rest_bind_address", "no.such.host.invalid")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_recording_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    done = run("--rest_port", free_ports(1)[0], "--record", tmp_path / "no" / "file")
    assert done.returncode == 1
    assert "cannot record" in done.stderr


def test_one_transport_alone(tmp_path: Path) -> None:
    with running(tmp_path / "log", ("--port", "0")) as server:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", server.port)) != 0
        assert server.rest("GET", "/v2").status == 200


def test_server_listens_on_this_machine_only(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        tables = [Path(f"/proc/net/{name}").read_text() for name in ("tcp", "tcp6")]
        listening = {line.split()[1] for table in tables for line in table.splitlines()[1:]}
        for port in (server.port, server.rest_port):
            found = {place for place in listening if place.endswith(f":{port:04X}")}
            assert found and all(place.split(":")[0].endswith("0100007F") for place in found)


def test_several_addresses(tmp_path: Path) -> None:
    addresses = "127.0.0.1,::1,127.0.0.2"
    arguments = ("--grpc_bind_address", addresses, "--rest_bind_address", addresses)
    with running(tmp_path / "log", arguments) as server:
        for port in (server.port, server.rest_port):
            assert f" on 127.0.0.1:{port} and [::1]:{port} and 127.0.0.2:{port}" in (
                server.log.read_text()
            )
        for address in addresses.split(","):
            client = http.client.HTTPConnection(address, server.rest_port, timeout=20)
            with contextlib.closing(client):
                client.request("GET", "/v2/health/ready")
                assert client.getresponse().status == 200
            target = f"[{address}]:{server.port}" if ":" in address else f"{address}:{server.port}"
            with grpc.insecure_channel(target) as channel:
                call = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
                assert call(b"", timeout=20) == b"\x08\x01"


@pytest.mark.parametrize(
    ("addresses", "reached"),
    [
        ("0.0.0.0,::", ["127.0.0.1", "127.0.0.2", "::1"]),
        ("::,0.0.0.0", ["127.0.0.1", "::1"]),
        ("::", ["127.0.0.1", "::1"]),
        ("127.0.0.1,0.0.0.0", ["127.0.0.1", "127.0.0.2"]),
        ("localhost,127.0.0.1", ["127.0.0.1"]),
        ("127.0.0.1,localhost", ["127.0.0.1"]),
    ],
)
def test_addresses_that_overlap(tmp_path: Path, addresses: str, reached: list[str]) -> None:
    arguments = ("--grpc_bind_address", addresses, "--rest_bind_address", addresses)
    with running(tmp_path / "log", arguments) as server:
        for address in reached:
            for port in (server.port, server.rest_port):
                socket.create_connection((address, port), timeout=5).close()


@pytest.mark.parametrize(("flag", "transport"), [("--port", "gRPC"), ("--rest_port", "REST")])
def test_one_of_several_addresses_is_taken(flag: str, transport: str) -> None:
    kind = "grpc" if flag == "--port" else "rest"
    with socket.socket() as taken:
        taken.bind(("127.0.0.2", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(flag, port, f"--{kind}_bind_address", "127.0.0.1,127.0.0.2")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"{transport} cannot listen on 127.0.0.2:{port}: " in done.stderr


def test_address_of_another_machine() -> None:
    done = run("--rest_port", free_ports(1)[0], "--rest_bind_address", "127.0.0.1,192.0.2.1")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "REST cannot listen on 192.0.2.1:" in done.stderr


STARTER = """
import os, subprocess, sys, threading
# From a thread that ends: it is the process that counts.
words = [word.replace("PID", str(os.getpid())) for word in sys.argv[1:]]
start = lambda: started.append(subprocess.Popen(words, stderr=sys.stderr))
started = []
thread = threading.Thread(target=start)
thread.start()
thread.join()
print(started[0].pid, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def started_by_another(log: Path, *arguments: object) -> Generator[tuple[Any, int, int]]:
    """A process, the server that it started, and that server's REST port."""
    (port,) = free_ports(1)
    with log.open("wb") as out:
        starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, *command("--rest_port", port, *arguments)],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=out,
        )
    assert starter.stdin and starter.stdout
    pid = int(starter.stdout.readline())
    try:
        yield starter, pid, port
    finally:
        starter.kill()
        starter.wait()
        starter.stdin.close()
        starter.stdout.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_live(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            with contextlib.closing(client):
                client.request("GET", "/v2/health/live")
                if client.getresponse().status == 200:
                    return
        time.sleep(0.02)
    raise AssertionError("the server is not live")


def is_running(pid: int) -> bool:
    """Is there such a process, and no mere remains of one?"""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("is_up", [True, False])
def test_server_ends_with_the_process_that_started_it(
    tmp_path: Path, number: int, is_up: bool
) -> None:
    with started_by_another(tmp_path / "log", "--parent_pid", "PID") as (starter, pid, port):
        if is_up:
            wait_live(port)
        starter.send_signal(number)
        starter.wait()
        deadline = time.monotonic() + 20
        while is_running(pid):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        log = (tmp_path / "log").read_text()
    assert f"process {starter.pid} of --parent_pid has ended" in log
    assert "Traceback" not in log


def test_server_outlives_the_process_that_started_it_unless_told_otherwise(tmp_path: Path) -> None:
    with started_by_another(tmp_path / "log") as (starter, pid, port):
        wait_live(port)
        starter.kill()
        starter.wait()
        time.sleep(1)
        wait_live(port)
        assert is_running(pid)


def test_address_of_version_six(tmp_path: Path) -> None:
    addresses = ("--grpc_bind_address", "::1", "--rest_bind_address", "::1")
    with running(tmp_path / "log", addresses, is_ready=False) as server:
        deadline = time.monotonic() + 20
        while "ready" not in server.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for port in (server.port, server.rest_port):
            assert f"on [::1]:{port}" in server.log.read_text()
            with socket.create_connection(("::1", port), timeout=5):
                pass


def test_server_is_live_while_models_are_missing(tmp_path: Path) -> None:
    """A config file that names a model nobody has yet: ready all the same, and found later."""
    config = tmp_path / "config.json"
    config.write_text('{"model_config_list": [{"config": {"name": "late", "base_path": "late"}}]}')
    arguments = ("--config_path", config, "--file_system_poll_wait_seconds", "0.1")
    with running(tmp_path / "log", arguments) as server:
        wait_ready(server)
        assert server.rest("GET", "/v2/models/late").status == 404
        zoo.write(zoo.adding(1), tmp_path / "late")
        deadline = time.monotonic() + 10
        while server.rest("GET", "/v2/models/late").status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
