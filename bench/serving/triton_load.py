"""One tritonclient that asks as fast as it can; prints how many answers, and their median time.

python triton_load.py TRANSPORT PORT MODEL INPUT SHAPE SECONDS
"""

import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import tritonclient.grpc
import tritonclient.http


def asker(
    transport: str, address: str, model: str, name: str, shape: list[int]
) -> Callable[[], object]:
    array = np.ones(shape, np.float32)
    if transport == "gRPC":
        given = tritonclient.grpc.InferInput(name, shape, "FP32")
        given.set_data_from_numpy(array)
        client = tritonclient.grpc.InferenceServerClient(address)
        return lambda: client.infer(model, [given])
    json_given = tritonclient.http.InferInput(name, shape, "FP32")
    json_given.set_data_from_numpy(array, binary_data=False)
    http_client = tritonclient.http.InferenceServerClient(address)
    # Without a type, the peers' web framework does not read the body as JSON.
    headers = {"content-type": "application/json"}
    # An output named here is not asked for as binary data, which not every peer knows.
    outputs = [tritonclient.http.InferRequestedOutput("a", binary_data=False)]
    return lambda: http_client.infer(model, [json_given], outputs=outputs, headers=headers)


def main() -> None:
    transport, port, model, name, shape, seconds = sys.argv[1:]
    ask = asker(transport, f"127.0.0.1:{port}", model, name, list(map(int, shape.split(","))))
    ask()
    latencies = []
    end = time.perf_counter() + float(seconds)
    while (start := time.perf_counter()) < end:
        ask()
        latencies.append(time.perf_counter() - start)
    print(json.dumps([len(latencies), statistics.median(latencies)]))


if __name__ == "__main__":
    main()
