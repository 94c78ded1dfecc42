# Send the bytes of tensors in place of their elements, and print what the model
# returns.

import sys

import numpy as np
import tritonclient.grpc as grpcclient


def main() -> None:
    with grpcclient.InferenceServerClient("localhost:9000") as client:
        inputs = []
        data = np.array(
            [0.1, -2.5],
            dtype=np.float64,
        ).reshape([2])
        infer_input = grpcclient.InferInput("exact", [2], "FP64")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        data = np.array(
            [True, False],
            dtype=np.bool_,
        ).reshape([2])
        infer_input = grpcclient.InferInput("flags", [2], "BOOL")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        data = np.array(
            [-123456789, 9007199254740993],
            dtype=np.int64,
        ).reshape([2])
        infer_input = grpcclient.InferInput("signed", [2], "INT64")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        data = np.array(
            [987654321, 18446744073709551615],
            dtype=np.uint64,
        ).reshape([2])
        infer_input = grpcclient.InferInput("unsigned", [2], "UINT64")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        result = client.infer(
            "numbers",
            inputs,
            model_version="1",
            client_timeout=10,
        )
    output = result.as_numpy("opposite")
    if output is None or output.dtype != np.bool_:
        raise ValueError("the answer has no output opposite of datatype BOOL")
    print("opposite:", *output.flatten())
    output = result.as_numpy("signed")
    if output is None or output.dtype != np.int64:
        raise ValueError("the answer has no output signed of datatype INT64")
    print("signed:", *output.flatten())
    output = result.as_numpy("unsigned")
    if output is None or output.dtype != np.uint64:
        raise ValueError("the answer has no output unsigned of datatype UINT64")
    print("unsigned:", *output.flatten())


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
