# Send a tensor of numbers to a model and print the tensor that it returns.

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
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
            dtype=np.float32,
        ).reshape([1, 10])
        infer_input = httpclient.InferInput("b", [1, 10], "FP32")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        result = gevent.with_timeout(
            10,
            client.infer,
            "dummy",
            inputs,
            model_version="1",
        )
    output = result.as_numpy("a")
    if output is None or output.dtype != np.float32:
        raise ValueError("the answer has no output a of datatype FP32")
    if None in result.get_output("a").get("data", []):
        raise ValueError("output a has elements that are null")
    print("a:", *output.flatten())


if __name__ == "__main__":
    try:
        main()
    except (Exception, gevent.Timeout) as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
