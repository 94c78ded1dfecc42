"""MLServer with OpenVINO, without worker processes: those are slower for a model this small."""

# mypy: ignore-errors
# The peers' packages are not installed where this project is type-checked.

import asyncio
import logging

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.settings import ModelParameters
from mlserver.types import InferenceResponse
from runner import Runner, arguments


class OpenVino(MLModel):
    async def load(self):
        self._run = Runner(**self.settings.parameters.extra)
        return True

    async def predict(self, payload):
        array = NumpyCodec.decode_input(payload.inputs[0])
        if self._run.large:
            result = await asyncio.get_running_loop().run_in_executor(None, self._run, array)
        else:
            result = self._run(array)
        output = NumpyCodec.encode_output(self._run.output_name, result)
        return InferenceResponse(model_name=self.name, outputs=[output])


async def main():
    flags = arguments()
    server = MLServer(
        Settings(
            debug=False,
            parallel_workers=0,
            host="127.0.0.1",
            http_port=flags.rest_port,
            grpc_port=flags.port,
            grpc_max_message_length=-1,
            metrics_endpoint=None,
        )
    )
    logging.disable(logging.INFO)
    await server.start(
        [
            ModelSettings(
                name=model["name"],
                implementation=OpenVino,
                parameters=ModelParameters(extra=model),
            )
            for model in flags.models
        ]
    )


if __name__ == "__main__":
    asyncio.run(main())
