"""What is asked, over both transports, and what is wrong with a reply."""

import json
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2

MAX_MESSAGE = 1 << 20
WIDTH = 100_000
"""How many values the widest answer has."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, in words that both transports share."""

    code: str
    """The HTTP status, or the gRPC code."""
    version: str = ""
    values: Array | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A request over both transports, and what is wrong with a reply to it."""

    kind: str
    rest: bytes
    grpc: bytes
    problem: Callable[[Reply], str | None]


def http(method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def infer_path(model: str, version: str = "") -> str:
    return f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + "/infer"


def message(
    model: str, name: str, array: Array, version: str = "", datatype: str = "FP32"
) -> bytes:
    request = service_pb2.ModelInferRequest(model_name=model, model_version=version)
    request.inputs.add(name=name, datatype=datatype, shape=array.shape)
    request.raw_input_contents.append(array.tobytes())
    return bytes(request.SerializeToString())


def tree(name: str, array: Array, **more: Any) -> dict[str, Any]:
    return {"name": name, "datatype": "FP32", "shape": array.shape, **more}


def json_body(name: str, array: Array) -> bytes:
    return json.dumps({"inputs": [tree(name, array, data=array.tolist())]}).encode()


def valid(
    kind: str, model: str, name: str, array: Array, problem: Callable[[Reply], str | None]
) -> Question:
    rest = http("POST", infer_path(model), json_body(name, array))
    return Question(kind, rest, message(model, name, array), problem)


def equals(expected: Array, *, may_be_absent: bool = False) -> Callable[[Reply], str | None]:
    """The reply has to hold these values."""

    def problem(reply: Reply) -> str | None:
        if may_be_absent and reply.code in ("404", "NOT_FOUND"):
            return None
        if reply.values is None:
            return f"answered {reply.code}"
        return None if np.array_equal(reply.values, expected.ravel()) else "wrong values"

    return problem


def adds_its_version(array: Array, *, may_be_absent: bool) -> Callable[[Reply], str | None]:
    """The reply has to hold `array` plus the number of the version that made it."""

    def problem(reply: Reply) -> str | None:
        number = int(reply.version) if reply.version else 0
        return equals(array + np.float32(number), may_be_absent=may_be_absent)(reply)

    return problem


def has_code(rest: str, grpc_code: str) -> Callable[[Reply], str | None]:
    def problem(reply: Reply) -> str | None:
        return None if reply.code in (rest, grpc_code) else f"answered {reply.code}"

    return problem


def vector(source: random.Random, size: int) -> Array:
    return np.array([[source.randrange(1000) for _ in range(size)]], np.float32)


class Questions:
    """Where clients get their questions from: a third is invalid.

    Args:
        slow_answer: What the slow model says.
    """

    def __init__(self, slow_answer: Array) -> None:
        self._slow_answer = slow_answer
        self._makers: Sequence[tuple[int, Callable[[random.Random], Question]]] = (
            (20, self._dummy),
            (20, self._moving),
            (10, self._old),
            (10, self._sometimes),
            (5, self._live),
            (3, self._slow),
            (2, self._wide),
            (4, lambda _: self._json),
            (4, lambda _: self._unknown),
            (4, lambda _: self._shape),
            (4, lambda _: self._image),
            (4, lambda _: self._method),
            (4, lambda _: self._size),
            (2, lambda _: self._large),
        )
        ten = np.zeros((1, 10), np.float32)
        good = message("dummy", "b", ten)
        self._json = Question(
            "malformed",
            http("POST", infer_path("dummy"), b'{"inputs": ['),
            good[:-3],
            has_code("412", "INTERNAL"),
        )
        self._unknown = valid("unknown", "no", "b", ten, has_code("404", "NOT_FOUND"))
        self._shape = valid("shape", "dummy", "b", ten[:, :9], has_code("400", "INVALID_ARGUMENT"))
        head = json.dumps(
            {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1]}]}
        ).encode()
        broken = b"\x89PNG\r\n\x1a\n broken"
        image = service_pb2.ModelInferRequest(model_name="digits")
        image.inputs.add(name="image", datatype="BYTES", shape=[1])
        image.raw_input_contents.append(struct.pack("<I", len(broken)) + broken)
        length = f"Inference-Header-Content-Length: {len(head)}"
        body = head + struct.pack("<I", len(broken)) + broken
        self._image = Question(
            "image",
            http("POST", infer_path("digits"), body, length),
            image.SerializeToString(),
            has_code("500", "UNKNOWN"),
        )
        self._method = Question(
            "method", http("PUT", infer_path("dummy")), b"", has_code("406", "NOT_FOUND")
        )
        size = message("dummy", "b", ten) + b"\x3a\x00"  # a second raw buffer, an empty one
        binary = json.dumps(
            {"inputs": [tree("b", ten, parameters={"binary_data_size": 41})]}
        ).encode()
        length = f"Inference-Header-Content-Length: {len(binary)}"
        self._size = Question(
            "size",
            http("POST", infer_path("dummy"), binary + bytes(40), length),
            size,
            has_code("400", "INVALID_ARGUMENT"),
        )
        self._large = Question(
            "too large",
            http("POST", infer_path("dummy"), bytes(MAX_MESSAGE + 1)),
            bytes(MAX_MESSAGE + 1),
            has_code("413", "RESOURCE_EXHAUSTED"),
        )

    def draw(self, source: random.Random) -> Question:
        weights, makers = zip(*self._makers, strict=True)
        maker: Callable[[random.Random], Question] = source.choices(makers, weights)[0]
        return maker(source)

    def _dummy(self, source: random.Random) -> Question:
        array = vector(source, 10)
        return valid("dummy", "dummy", "b", array, equals(array + 1))

    def _moving(self, source: random.Random) -> Question:
        """The newest version of a model, whichever that is: there always is one."""
        array = vector(source, 2)
        return valid("moving", "moving", "x", array, adds_its_version(array, may_be_absent=False))

    def _old(self, source: random.Random) -> Question:
        """The version that comes and goes."""
        array = vector(source, 2)
        return Question(
            "version",
            http("POST", infer_path("moving", "2"), json_body("x", array)),
            message("moving", "x", array, "2"),
            adds_its_version(array, may_be_absent=True),
        )

    def _sometimes(self, source: random.Random) -> Question:
        """A model that the configuration names only sometimes."""
        array = vector(source, 2)
        return valid("sometimes", "sometimes", "x", array, equals(array + 7, may_be_absent=True))

    def _slow(self, _: random.Random) -> Question:
        return valid("slow", "slow", "x", np.ones((1, 1), np.float32), equals(self._slow_answer))

    def _wide(self, source: random.Random) -> Question:
        return wide(source.randrange(10))

    def _live(self, source: random.Random) -> Question:
        array = vector(source, 10)
        return Question(
            "live", http("GET", "/v2/health/live"), message("dummy", "b", array), _is_alive
        )


def _is_alive(reply: Reply) -> str | None:
    return None if reply.code in ("200", "OK") else f"answered {reply.code}"


def wide(number: int) -> Question:
    """A small question with a large answer."""
    array = np.full((1, 1), number, np.float32)
    return valid("wide", "wide", "x", array, equals(np.repeat(array, WIDTH)))
