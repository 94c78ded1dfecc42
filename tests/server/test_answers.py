"""Those who record or count: what fails in one of them is told nobody but the log."""

from typing import Any

import pytest
from samplegen_server import answers, errors
from samplegen_server.contract import InferRequest, ModelRequest


class Call:
    def time_remaining(self) -> float | None:
        return 1.5


def test_what_observers_are_told() -> None:
    told: list[answers.Answer] = []
    infer = InferRequest("m", "1")
    answers.tell([told.append], "ModelInfer", infer, 0.0, errors.InvalidShape("x"), Call())
    answers.tell([told.append], "ServerLive", ModelRequest(), 0.0, True)
    one, other = told
    assert (one.interface, one.rpc, one.model_name, one.model_version) == (
        "gRPC",
        "ModelInfer",
        "m",
        "1",
    )
    assert one.infer is infer
    assert (one.has_deadline, one.result, str(one.error)) == (True, None, "Invalid input shape - x")
    assert (other.interface, other.infer, other.has_deadline) == ("REST", None, None)
    assert (other.result, other.error) == (True, None)
    assert other.seconds > 0


def test_observer_that_fails_keeps_no_other_from_being_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[Any] = []

    def fail(_: answers.Answer) -> None:
        raise ZeroDivisionError("secret")

    answers.tell([fail, told.append], "ServerLive", ModelRequest(), 0.0, True)
    assert len(told) == 1
    assert "secret" in caplog.text
