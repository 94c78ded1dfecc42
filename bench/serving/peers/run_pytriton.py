"""pytriton: a Triton that calls OpenVINO through its Python backend."""

# mypy: ignore-errors
# The peers' packages are not installed where this project is type-checked.

import signal

import numpy as np
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig
from runner import Runner, arguments


def function(run):
    def infer(requests):
        return [{run.output_name: run(request[run.input_name]).copy()} for request in requests]

    return infer


def main():
    flags = arguments()
    # As on Ctrl-C, it then removes its workspace and its shared memory.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=flags.rest_port,
        grpc_address="127.0.0.1",
        grpc_port=flags.port,
        allow_metrics=False,
        log_verbose=0,
    )
    with Triton(config=config) as triton:
        for model in flags.models:
            run = Runner(**model)
            triton.bind(
                model_name=run.name,
                infer_func=function(run),
                inputs=[
                    Tensor(name=run.input_name, dtype=np.float32, shape=tuple(run.input.shape))
                ],
                outputs=[
                    Tensor(name=run.output_name, dtype=np.float32, shape=tuple(run.output.shape))
                ],
                config=ModelConfig(batching=False),
            )
        triton.serve()


if __name__ == "__main__":
    main()
