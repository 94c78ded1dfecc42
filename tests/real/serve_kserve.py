"""Serves the models with KServe's SDK, in its environment: `python serve_kserve.py GRPC REST`."""

import sys
from typing import Any

GRPC_PORT, REST_PORT = map(int, sys.argv[1:])
del sys.argv[1:]  # kserve reads it as soon as it is imported

import grpc.aio  # noqa: E402
import kserve  # noqa: E402
import uvicorn  # noqa: E402
from models import Model, Tensors, served  # noqa: E402

_bind = grpc.aio.Server.add_insecure_port


class _Config(uvicorn.Config):
    """Listens to this machine alone, where kserve has no option and would listen to all."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "host": "127.0.0.1"})


def _bound(server: grpc.aio.Server, address: str) -> Any:
    return _bind(server, address.replace("[::]", "127.0.0.1"))


uvicorn.Config = _Config  # type: ignore[misc]
grpc.aio.Server.add_insecure_port = _bound


def _described(tensors: Tensors) -> list[dict[str, object]]:
    return [{"name": n, "datatype": d, "shape": [*s]} for n, (d, s) in tensors.items()]


class Runtime(kserve.Model):  # type: ignore[misc]
    """A model of ours."""

    def __init__(self, name: str, model: Model) -> None:
        super().__init__(name)
        self.model = model
        self.ready = True

    async def get_input_types(self) -> list[dict[str, object]]:
        return _described(self.model.inputs)

    async def get_output_types(self) -> list[dict[str, object]]:
        return _described(self.model.outputs)

    async def predict(
        self, payload: kserve.InferRequest, headers: object = None, response_headers: object = None
    ) -> kserve.InferResponse:
        found = self.model.answer({given.name: given.as_numpy() for given in payload.inputs})
        outputs = []
        for name, (datatype, _) in self.model.outputs.items():
            output = kserve.InferOutput(name, [*found[name].shape], datatype)
            binary = bool(payload.use_binary_outputs)
            output.set_data_from_numpy(found[name], binary_data=binary)
            outputs.append(output)
        return kserve.InferResponse(payload.id or "", self.name, outputs)


kserve.ModelServer(http_port=REST_PORT, grpc_port=GRPC_PORT, enable_latency_logging=False).start(
    [Runtime(*item) for item in served("kserve").items()]
)
