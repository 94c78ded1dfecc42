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
from samplegen_server.config import ConfigError, ModelConfig, VersionPolicy
from samplegen_server.repository import Repository, State

from tests.server import zoo
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
