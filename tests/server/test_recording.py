"""Recording: the same line whichever way a question was asked."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from samplegen_server import answers, recording
from samplegen_server.contract import ModelRequest
from tritonclient.grpc import service_pb2 as pb

from tests.server.asking import ASK, Input, Question, lengths, stub
from tests.server.process import running

pytestmark = pytest.mark.processes

VALUES = [float(number) for number in range(10)]
RAW = np.array(VALUES, np.float32).tobytes()


def same_but_for_the_deadline(lines: list[dict[str, Any]]) -> bool:
    return all({**line, "deadline": None} == {**lines[0], "deadline": None} for line in lines)


def test_lines(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    seen = 0

    def new_lines() -> list[dict[str, Any]]:
        nonlocal seen
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        fresh, seen = lines[seen:], len(lines)
        return fresh

    with running(tmp_path / "log", ("--record", path)) as server:
        rpc = stub(server)
        new_lines()

        # One inference, asked in four ways.
        for given in (
            Input("b", "FP32", [1, 10], raw=RAW),
            Input("b", "FP32", [1, 10], values=VALUES),
        ):
            for ask in ASK.values():
                assert ask(server, Question("dummy", [given])).code == "OK"
        lines = new_lines()
        assert len(lines) == 4
        assert same_but_for_the_deadline(lines)
        assert [line["deadline"] for line in lines] == [True, None, True, None]
        assert lines[0]["rpc"] == "ModelInfer"
        assert (lines[0]["model"], lines[0]["version"], lines[0]["error"]) == ("dummy", "", None)
        (tensor,) = lines[0]["inputs"]
        assert {**tensor, "digest": ""} == {
            "name": "b",
            "datatype": "FP32",
            "shape": [1, 10],
            "digest": "",
        }
        assert len(tensor["digest"]) == 64
        assert lines[0]["answer"] == {
            "model_name": "dummy",
            "model_version": "1",
            "outputs": [
                {
                    "name": "a",
                    "datatype": "FP32",
                    "shape": [1, 10],
                    "data": [value + 1 for value in VALUES],
                }
            ],
        }

        # Other values have another digest.
        other = Input("b", "FP32", [1, 10], values=[1.0] * 10)
        for ask in ASK.values():
            ask(server, Question("dummy", [other]))
        lines = new_lines()
        assert same_but_for_the_deadline(lines)
        assert lines[0]["inputs"][0]["digest"] != tensor["digest"]

        # An encoded image, and requests that are refused.
        for question in (
            Question("digits", [Input("image", "BYTES", [1], raw=lengths(b"no image"))]),
            Question("digits", [Input("image", "FP32", [1, 8, 8], raw=bytes(256))], "1"),
            Question("nope", [Input("x", "FP32", [1], raw=bytes(4))]),
        ):
            for ask in ASK.values():
                assert ask(server, question).code != "OK"
            lines = new_lines()
            assert len(lines) == 2
            assert same_but_for_the_deadline(lines)
            assert lines[0]["error"]
            assert lines[0]["answer"] is None

        # What is no inference.
        for path_, request, name, answer in (
            ("/v2/health/live", pb.ServerLiveRequest(), "ServerLive", {"live": True}),
            ("/v2/health/ready", pb.ServerReadyRequest(), "ServerReady", {"ready": True}),
            ("/v2", pb.ServerMetadataRequest(), "ServerMetadata", None),
            (
                "/v2/models/dummy/ready",
                pb.ModelReadyRequest(name="dummy"),
                "ModelReady",
                {"ready": True},
            ),
            (
                "/v2/models/digits/versions/1",
                pb.ModelMetadataRequest(name="digits", version="1"),
                "ModelMetadata",
                None,
            ),
        ):
            body = server.rest("GET", path_).body
            getattr(rpc, name)(request)
            lines = new_lines()
            shown = answer or json.loads(body)
            shown.pop("rt_info", None)  # gRPC has no field for it
            assert lines[0]["answer"] == shown
            assert [line["rpc"] for line in lines] == [name, name]
            assert same_but_for_the_deadline(lines)
            assert [line["deadline"] for line in lines] == [None, False]
            assert lines[0]["inputs"] is None

        # What is refused whatever it says.
        with pytest.raises(grpc.RpcError):
            list(rpc.ModelStreamInfer(iter([pb.ModelInferRequest(model_name="dummy")])))
        (line,) = new_lines()
        assert (line["rpc"], line["error"]) == ("ModelStreamInfer", "StreamNotFound")

        # What cannot be read is recorded all the same.
        server.rest("GET", "/nowhere")
        server.rest("POST", "/v2/models/dummy/infer", b"{")
        with pytest.raises(grpc.RpcError):
            rpc.ModelInfer(pb.ModelInferRequest(model_name="dummy"))
        lines = new_lines()
        assert [line["error"] for line in lines] == [
            "InvalidUrl",
            "JsonInvalid",
            "InvalidNumberOfInputs",
        ]
        assert [line["inputs"] for line in lines] == [None, None, []]


def test_full_disk_takes_no_answer(tmp_path: Path) -> None:
    question = Question("dummy", [Input("b", "FP32", [1, 10], raw=RAW)])
    with running(tmp_path / "log", ("--record", "/dev/full")) as server:
        for ask in ASK.values():
            for _ in range(3):
                assert ask(server, question).code == "OK"
        assert server.rest("GET", "/v2/health/live").status == 200
        log = server.log.read_text()
    assert log.count("cannot record to /dev/full: No space left on device") == 1
    assert "Traceback" not in log


class Disk:
    """A file that takes a few bytes at a time, and no more than there is room for."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self.room = room

    def write(self, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count: int = self._file.write(data[: min(7, self.room)])
        self.room -= count
        return count

    def fileno(self) -> int:
        number: int = self._file.fileno()
        return number

    def close(self) -> None:
        self._file.close()


def test_lines_are_whole_or_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = recording.Recorder(tmp_path / "record")
    disk = Disk(recorder._file, 100_000)
    monkeypatch.setattr(recorder, "_file", disk)
    answers.tell([recorder], "ServerLive", ModelRequest(), 0.0, True)
    disk.room = 20
    for _ in range(3):
        answers.tell([recorder], "ServerLive", ModelRequest(), 0.0, True)
    disk.room = 100_000
    answers.tell([recorder], "ServerReady", ModelRequest(), 0.0, True)
    recorder.close()
    lines = (tmp_path / "record").read_text().splitlines()
    assert [json.loads(line)["rpc"] for line in lines] == ["ServerLive", "ServerReady"]
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        f"cannot record to {tmp_path / 'record'}: No space left on device",
        f"recording goes on; 3 answers are not in {tmp_path / 'record'}",
    ]
