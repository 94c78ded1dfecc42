# Send two tensors to a model and print the two that it returns, their sum and their
# difference.

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
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 987654321, -15],
            dtype=np.int32,
        ).reshape([1, 16])
        infer_input = httpclient.InferInput("INPUT0", [1, 16], "INT32")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        data = np.array(
            [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 123456789, 610],
            dtype=np.int32,
        ).reshape([1, 16])
        infer_input = httpclient.InferInput("INPUT1", [1, 16], "INT32")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        result = gevent.with_timeout(
            10,
            client.infer,
            "simple",
            inputs,
            model_version="1",
        )
    output = result.as_numpy("OUTPUT0")
    if output is None or output.dtype != np.int32:
        raise ValueError("the answer has no output OUTPUT0 of datatype INT32")
    if None in result.get_output("OUTPUT0").get("data", []):
        raise ValueError("output OUTPUT0 has elements that are null")
    print("OUTPUT0:", *output.flatten())
    output = result.as_numpy("OUTPUT1")
    if output is None or output.dtype != np.int32:
        raise ValueError("the answer has no output OUTPUT1 of datatype INT32")
    if None in result.get_output("OUTPUT1").get("data", []):
        raise ValueError("output OUTPUT1 has elements that are null")
    print("OUTPUT1:", *output.flatten())


if __name__ == "__main__":
    try:
        main()
    except (Exception, gevent.Timeout) as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
