"""A stream to a server, spoken message by message."""

import queue
from typing import Any

import grpc
import numpy as np
from tritonclient.grpc import service_pb2 as pb

from tests.server.asking import channel, stub
from tests.server.process import Server

TIMESTAMP = "OVMS_MP_TIMESTAMP"


class Talk:
    """A stream, and what comes back on it, read one by one."""

    def __init__(self, server: Server) -> None:
        self._sent: queue.SimpleQueue[pb.ModelInferRequest | None] = queue.SimpleQueue()
        self._channel = channel(server)
        self.call = stub(server).ModelStreamInfer(iter(self._sent.get, None), timeout=20)

    def send(self, message: pb.ModelInferRequest) -> None:
        self._sent.put(message)

    def close(self) -> None:
        """No more is sent."""
        self._sent.put(None)

    def read(self) -> tuple[Any, ...]:
        """The next response: output's name, values and timestamp; or the text of an error."""
        message = next(self.call)
        if message.error_message:
            assert not message.infer_response.outputs
            return (message.error_message,)
        response = message.infer_response
        (output,), (raw,) = response.outputs, response.raw_output_contents
        assert (response.model_version, response.id) == ("1", "")
        stamp = response.parameters[TIMESTAMP].int64_param
        return output.name, np.frombuffer(raw, np.float32).tolist(), stamp

    def end(self) -> str:
        """How the stream ends: ``OK``, or the code and text of its error."""
        self.close()
        try:
            rest = list(self.call)
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
        assert not rest
        return "OK"
