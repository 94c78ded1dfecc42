"""Versions that come, go and change while the server runs."""

import asyncio
import dataclasses
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from samplegen_server import config, errors
from samplegen_server.model_options import ConfigError, ModelConfig, VersionPolicy
from samplegen_server.repository import Repository, State

from tests.server import formats, zoo
from tests.server.asking import ASK, Input, Question
from tests.server.process import Server, running

ALL = VersionPolicy(latest=0)
QUESTION = Question("m", [Input("x", "FP32", [1, 2], raw=bytes(8))])


def versions_of(repository: Repository) -> dict[int, State]:
    return {number: served.state for number, served in repository.models()["m"].items()}


# --- In process -----------------------------------------------------------------------------------


def test_life_of_a_version(tmp_path: Path) -> None:
    async def live() -> None:
        repository = Repository(lambda: [ModelConfig("m", tmp_path)])
        assert not repository.is_loaded
        with pytest.raises(errors.ModelNameMissing):
            repository.find("m", None)
        await repository.load()
        assert repository.is_loaded
        with pytest.raises(errors.ModelVersionMissing):
            repository.find("m", None)

        zoo.write(zoo.adding(1), tmp_path, 1)
        assert await repository.reload()
        assert not await repository.reload(), "nothing changed"
        assert repository.find("m", None).version == 1

        zoo.write(zoo.adding(2), tmp_path, 2)
        assert await repository.reload()
        assert versions_of(repository) == {1: State.END, 2: State.AVAILABLE}
        assert repository.find("m", None).version == 2
        with pytest.raises(errors.ModelVersionRetired):
            _ = repository.find("m", 1).model

        shutil.rmtree(tmp_path / "2")
        assert await repository.reload()
        assert versions_of(repository) == {1: State.AVAILABLE, 2: State.END}

    asyncio.run(live())


def test_version_that_cannot_be_loaded_leaves_the_old_one(tmp_path: Path) -> None:
    async def live() -> None:
        zoo.write(zoo.adding(1), tmp_path, 1)
        repository = Repository(lambda: [ModelConfig("m", tmp_path)])
        await repository.load()
        (tmp_path / "2").mkdir()
        (tmp_path / "2" / "model.xml").write_text("half of it")
        await repository.reload()
        assert versions_of(repository) == {1: State.AVAILABLE, 2: State.LOADING}
        assert repository.find("m", None).version == 1
        with pytest.raises(errors.ModelVersionNotLoadedYet):
            _ = repository.find("m", 2).model
        assert not await repository.reload(), "not tried again before it changes"

        shutil.rmtree(tmp_path / "2")
        zoo.write(zoo.adding(2), tmp_path, 2)
        await repository.reload()
        assert versions_of(repository) == {1: State.END, 2: State.AVAILABLE}

    asyncio.run(live())


def broken(folder: Path, version: int) -> None:
    (folder / str(version)).mkdir()
    (folder / str(version) / "model.onnx").write_bytes(b"\0")


@pytest.mark.parametrize(
    ("policy", "expected", "has_failed"),
    [
        (VersionPolicy(latest=1), {2: State.AVAILABLE, 3: State.LOADING, 4: State.LOADING}, False),
        (
            VersionPolicy(latest=2),
            {1: State.AVAILABLE, 2: State.AVAILABLE, 3: State.LOADING, 4: State.LOADING},
            False,
        ),
        (
            ALL,
            {1: State.AVAILABLE, 2: State.AVAILABLE, 3: State.LOADING, 4: State.LOADING},
            True,
        ),
        (
            VersionPolicy(specific=frozenset({1, 4})),
            {1: State.AVAILABLE, 4: State.LOADING},
            True,
        ),
        (VersionPolicy(specific=frozenset({3})), {3: State.LOADING}, True),
    ],
)
def test_policy_chooses_others_for_versions_that_cannot_be_loaded(
    tmp_path: Path, policy: VersionPolicy, expected: dict[int, State], has_failed: bool
) -> None:
    for number in (1, 2):
        zoo.write(zoo.adding(number), tmp_path, number)
    for number in (3, 4):
        broken(tmp_path, number)

    async def live() -> None:
        config = ModelConfig("m", tmp_path, version_policy=policy)
        repository = Repository(lambda: [config])
        await repository.load()
        assert versions_of(repository) == expected
        assert repository.failed == ({"m"} if has_failed else set())
        assert not await repository.reload(), "nothing changed"
        assert versions_of(repository) == expected
        assert repository.failed == ({"m"} if has_failed else set())

        shutil.rmtree(tmp_path / "4")
        zoo.write(zoo.adding(4), tmp_path, 4)
        await repository.reload()
        if policy == VersionPolicy(latest=1):
            assert versions_of(repository)[2] is State.END
        if 4 in expected:
            assert versions_of(repository)[4] is State.AVAILABLE

    asyncio.run(live())


def test_path_that_is_gone_leaves_what_was_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    base = tmp_path / "m"
    zoo.write(zoo.adding(1), base, 1)

    async def live() -> None:
        repository = Repository(lambda: [ModelConfig("m", base)])
        await repository.load()
        base.rename(tmp_path / "away")
        for _ in range(3):
            assert not await repository.reload()
        assert versions_of(repository) == {1: State.AVAILABLE}
        (tmp_path / "away").rename(base)
        assert not await repository.reload()
        shutil.rmtree(base / "1")
        assert await repository.reload()
        assert versions_of(repository) == {1: State.END}

    asyncio.run(live())
    told = [record.getMessage() for record in caplog.records if record.levelname != "INFO"]
    assert len(told) == 2
    assert f"model m is not served: {base} is not there" in told[0]
    assert f"model m: no version in {base}: found nothing" in told[1]


def test_file_that_was_chosen_and_those_left_aside_are_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    formats.write(tmp_path / "1", "TensorFlow Lite", "ONNX")

    async def live() -> None:
        await Repository(lambda: [ModelConfig("m", tmp_path)]).load()

    asyncio.run(live())
    assert [record.getMessage() for record in caplog.records] == [
        f"model m version 1: loading {tmp_path / '1' / 'model.onnx'} (ONNX); "
        "left aside: model.tflite, since ONNX comes before TensorFlow Lite",
        "model m version 1 is available",
    ]


def test_changed_options_load_the_model_anew(tmp_path: Path) -> None:
    async def live() -> None:
        zoo.write(zoo.same("FP32", [1, 2]), tmp_path, 1)
        flags = {"model_path": tmp_path}
        repository = Repository(lambda: config.read_flags("m", flags))
        await repository.load()
        flags["shape"] = "(1,5)"  # type: ignore[assignment]
        assert await repository.reload()
        assert repository.find("m", 1).model.inputs["x"].shape == (1, 5)

    asyncio.run(live())


def test_configuration_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    zoo.write(zoo.adding(1), tmp_path / "m", 1)
    path = tmp_path / "config.json"
    path.write_text('{"model_config_list": [{"config": {"name": "m", "base_path": "m"}}]}')

    async def live() -> None:
        repository = Repository(lambda: config.read_file(path))
        await repository.load()
        path.write_text("{")
        with pytest.raises(ConfigError):
            await repository.reload()
        assert repository.find("m", None).is_available

    asyncio.run(live())


def test_inference_waits_for_a_version_that_is_being_loaded(tmp_path: Path) -> None:
    async def live() -> None:
        zoo.write(zoo.adding(1), tmp_path, 1)
        repository = Repository(lambda: [ModelConfig("m", tmp_path)])
        loading = asyncio.create_task(repository.load())
        while "m" not in repository.models() or not repository.models()["m"]:
            await asyncio.sleep(0)
        served = repository.find("m", 1)
        assert not served.is_available
        await served.settle()
        assert served.is_available
        await loading

    asyncio.run(live())


# --- A running server -----------------------------------------------------------------------------


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answer(server: Server) -> float | str:
    said = ASK["gRPC"](server, QUESTION)
    if said.outputs is None:
        return said.code
    return float(np.frombuffer(said.outputs["y"].raw, np.float32)[0])


@pytest.mark.processes
def test_requests_go_on_while_versions_change(tmp_path: Path) -> None:
    """Nothing but right answers, before, during and after each change."""
    base = tmp_path / "m"
    zoo.write(zoo.adding(1), base, 1)
    arguments = ("--model_name", "m", "--model_path", base)
    poll = ("--file_system_poll_wait_seconds", "0.1")
    with running(tmp_path / "log", (*arguments, *poll)) as server:
        found: list[float | str] = []
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                found.append(answer(server))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(2, 6):
            zoo.write(zoo.adding(number), base, number)
            wait_for(lambda number=number: answer(server) == number)  # type: ignore[misc]
        for transport, code in {"gRPC": "NOT_FOUND", "REST": "404"}.items():
            said = ASK[transport](server, dataclasses.replace(QUESTION, version="1"))
            assert (said.code, said.text) == (code, "Model with requested version is retired")
        stop.set()
        for thread in threads:
            thread.join()
    assert set(found) == {1, 2, 3, 4, 5}


@pytest.mark.processes
def test_requests_go_on_while_versions_break(tmp_path: Path) -> None:
    """A newer version that cannot be loaded, or has no model, never takes the place of another."""
    base = tmp_path / "m"
    zoo.write(zoo.adding(1), base, 1)
    arguments = ("--model_name", "m", "--model_path", base)
    with running(tmp_path / "log", (*arguments, "--file_system_poll_wait_seconds", "0")) as server:
        found: list[float | str] = []
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                found.append(answer(server))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for number in (2, 3):
                broken(base, number)
                assert server.rest("POST", "/v1/config/reload").status == 200
            (base / "3" / "model.onnx").unlink()
            assert server.rest("POST", "/v1/config/reload").status == 200
            states = server.rest("GET", "/v1/config").json()["m"]["model_version_status"]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert set(found) == {1}
    assert [state["state"] for state in states] == ["AVAILABLE", "LOADING", "LOADING"]
    assert [state["status"]["error_code"] for state in states] == ["OK", "UNKNOWN", "UNKNOWN"]


@pytest.mark.processes
def test_reload_by_request(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"model_config_list": []}')
    arguments = ("--config_path", path, "--file_system_poll_wait_seconds", "0")
    with running(tmp_path / "log", arguments) as server:
        assert server.rest("GET", "/v1/config").body == b"{}"
        zoo.write(zoo.adding(7), tmp_path / "m", 1)
        path.write_text('{"model_config_list": [{"config": {"name": "m", "base_path": "m"}}]}')
        assert answer(server) == "NOT_FOUND"
        reply = server.rest("POST", "/v1/config/reload")
        assert reply.status == 200
        assert reply.json()["m"]["model_version_status"][0]["state"] == "AVAILABLE"
        assert answer(server) == 7

        path.write_text("{")
        reply = server.rest("POST", "/v1/config/reload")
        text = "Reloading config file failed. Check server logs for more info."
        assert (reply.status, reply.json()) == (412, {"error": text})
        path.unlink()
        reply = server.rest("POST", "/v1/config/reload")
        text = "Config file not found or cannot open."
        assert (reply.status, reply.json()) == (500, {"error": text})
        assert answer(server) == 7, "what was served still is"
