"""The KServe SDK's server with OpenVINO."""

# mypy: ignore-errors
# The peers' packages are not installed where this project is type-checked.

import asyncio
import logging
import sys

import grpc
import uvicorn
from runner import Runner, arguments

flags = arguments()
sys.argv[1:] = []  # kserve reads them, too, when it is imported

import kserve  # noqa: E402


class OpenVino(kserve.Model):
    def __init__(self, run):
        super().__init__(run.name)
        self._run = run
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        array = payload.inputs[0].as_numpy()
        if self._run.large:
            result = await asyncio.get_running_loop().run_in_executor(None, self._run, array)
        else:
            result = self._run(array)
        output = kserve.InferOutput(self._run.output_name, list(result.shape), "FP32")
        output.set_data_from_numpy(result, binary_data=bool(payload.use_binary_outputs))
        return kserve.InferResponse(payload.id or "", self.name, [output])


def listen_locally():
    """The SDK listens on every network interface and has no option for it."""
    config, add_port = uvicorn.Config, grpc.aio.Server.add_insecure_port
    uvicorn.Config = lambda *args, **options: config(*args, **{**options, "host": "127.0.0.1"})
    grpc.aio.Server.add_insecure_port = lambda server, address: add_port(
        server, address.replace("[::]", "127.0.0.1")
    )


if __name__ == "__main__":
    listen_locally()
    logging.disable(logging.INFO)
    kserve.ModelServer(
        http_port=flags.rest_port, grpc_port=flags.port, enable_latency_logging=False
    ).start([OpenVino(Runner(**model)) for model in flags.models])
