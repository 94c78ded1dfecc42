# Send numbers of 16 bits to a model, as bytes, and print the numbers that it returns.

import sys

import numpy as np
import tritonclient.grpc as grpcclient


def main() -> None:
    with grpcclient.InferenceServerClient("localhost:9000") as client:
        inputs = []
        data = np.array(
            [0.5, -1.25, 1000.5, 0.0999755859375],
            dtype=np.float16,
        ).reshape([1, 4])
        infer_input = grpcclient.InferInput("x", [1, 4], "FP16")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        result = client.infer(
            "halves",
            inputs,
            model_version="1",
            client_timeout=10,
        )
    output = result.as_numpy("doubled")
    if output is None or output.dtype != np.float32:
        raise ValueError("the answer has no output doubled of datatype FP32")
    print("doubled:", *output.flatten())


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
