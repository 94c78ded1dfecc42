# Send the bytes of tensors in place of their elements, and print what the model
# returns.

import sys

import gevent
import numpy as np
import tritonclient.http as httpclient


def main() -> None:
    with httpclient.InferenceServerClient(
        "localhost:8000",
        connection_timeout=10,
        network_timeout=10,
    ) as client:
        inputs = []
        data = np.array(
            [0.1, -2.5],
            dtype=np.float64,
        ).reshape([2])
        infer_input = httpclient.InferInput("exact", [2], "FP64")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        data = np.array(
            [True, False],
            dtype=np.bool_,
        ).reshape([2])
        infer_input = httpclient.InferInput("flags", [2], "BOOL")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        data = np.array(
            [-123456789, 9007199254740993],
            dtype=np.int64,
        ).reshape([2])
        infer_input = httpclient.InferInput("signed", [2], "INT64")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        data = np.array(
            [987654321, 18446744073709551615],
            dtype=np.uint64,
        ).reshape([2])
        infer_input = httpclient.InferInput("unsigned", [2], "UINT64")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        result = gevent.with_timeout(
            10,
            client.infer,
            "numbers",
            inputs,
            model_version="1",
        )
    output = result.as_numpy("opposite")
    if output is None or output.dtype != np.bool_:
        raise ValueError("the answer has no output opposite of datatype BOOL")
    if None in result.get_output("opposite").get("data", []):
        raise ValueError("output opposite has elements that are null")
    print("opposite:", *output.flatten())
    output = result.as_numpy("signed")
    if output is None or output.dtype != np.int64:
        raise ValueError("the answer has no output signed of datatype INT64")
    if None in result.get_output("signed").get("data", []):
        raise ValueError("output signed has elements that are null")
    print("signed:", *output.flatten())
    output = result.as_numpy("unsigned")
    if output is None or output.dtype != np.uint64:
        raise ValueError("the answer has no output unsigned of datatype UINT64")
    if None in result.get_output("unsigned").get("data", []):
        raise ValueError("output unsigned has elements that are null")
    print("unsigned:", *output.flatten())


if __name__ == "__main__":
    try:
        main()
    except (Exception, gevent.Timeout) as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
