"""A model of ours in Triton's Python backend, which is told by its name which."""

import json
import sys
from typing import Any

import triton_python_backend_utils as backend


class TritonPythonModel:
    """What the backend looks for."""

    def initialize(self, args: dict[str, str]) -> None:
        config = json.loads(args["model_config"])
        sys.path.insert(0, config["parameters"]["models"]["string_value"])
        from models import MODELS

        self.name = args["model_name"]
        self.model = MODELS[self.name]

    def execute(self, requests: list[Any]) -> list[Any]:
        return [self.answer(request) for request in requests]

    def answer(self, request: Any) -> Any:
        arrays = {
            name: backend.get_input_tensor_by_name(request, name).as_numpy()
            for name in self.model.inputs
        }
        try:
            found = self.model.answer(arrays)
        except ValueError as error:
            return backend.InferenceResponse(error=backend.TritonError(str(error)))
        return backend.InferenceResponse([backend.Tensor(*item) for item in found.items()])
