"""Serves the models with MLServer, in its environment: `python serve_mlserver.py GRPC REST`."""

import asyncio
import sys
from typing import Any

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.types import (
    InferenceRequest,
    InferenceResponse,
    MetadataTensor,
    RequestInput,
    ResponseOutput,
)
from models import Model, served, texts


def _array(given: RequestInput) -> Any:
    if given.datatype != "BYTES":
        return NumpyCodec.decode_input(given)
    # Texts over REST, bytes over gRPC; an image is no text.
    elements = (each if isinstance(each, bytes) else each.encode() for each in given.data)
    return texts(*elements).reshape(given.shape)


def _output(name: str, datatype: str, array: Any) -> ResponseOutput:
    """As the model has it: MLServer's codec makes a matrix of a list."""
    data = array.flatten()
    return ResponseOutput(
        name=name,
        datatype=datatype,
        shape=[*array.shape],
        data=[*data] if datatype == "BYTES" else data.tolist(),
    )


class Runtime(MLModel):  # type: ignore[misc]
    """A model of ours."""

    async def load(self) -> bool:
        self.model = served("mlserver")[self.name]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        arrays = {given.name: _array(given) for given in payload.inputs}
        found = self.model.answer(arrays)
        outputs = [
            _output(name, datatype, found[name])
            for name, (datatype, _) in self.model.outputs.items()
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)


def settings(name: str, model: Model) -> ModelSettings:
    inputs, outputs = (
        [MetadataTensor(name=n, datatype=d, shape=[*s]) for n, (d, s) in tensors.items()]
        for tensors in (model.inputs, model.outputs)
    )
    return ModelSettings(
        name=name, implementation=Runtime, platform="numpy", inputs=inputs, outputs=outputs
    )


async def main(grpc_port: int, rest_port: int) -> None:
    server = MLServer(
        Settings(
            debug=False,
            parallel_workers=0,
            host="127.0.0.1",
            http_port=rest_port,
            grpc_port=grpc_port,
            metrics_endpoint=None,
        )
    )
    await server.start([settings(*item) for item in served("mlserver").items()])


asyncio.run(main(*map(int, sys.argv[1:])))
