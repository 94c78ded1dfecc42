"""OpenVINO without any server: the limit. Prints requests per second, CPU and median seconds.

python in_process.py MODEL OPTIONS CLIENTS SECONDS COUNT

Goes on for so many seconds and until so many inferences are done.
"""

import json
import os
import statistics
import sys
import time

import numpy as np
import openvino as ov


def one(compiled: ov.CompiledModel, seconds: float, count: int) -> list[float]:
    """Latencies of one inference after the other."""
    request = compiled.create_infer_request()
    request.infer()  # the first also pays for memory
    latencies: list[float] = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end or len(latencies) < count:
        request.infer()
        latencies.append(time.perf_counter() - start)
    return latencies


def several(compiled: ov.CompiledModel, clients: int, seconds: float, count: int) -> list[float]:
    """The same with as many in flight as there are clients."""
    latencies: list[float] = []
    queue = ov.AsyncInferQueue(compiled, clients)
    queue.set_callback(lambda _, start: latencies.append(time.perf_counter() - start))
    started = 0
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end or started < count:
        queue.start_async(userdata=start)
        started += 1
    queue.wait_all()
    return latencies


def main() -> None:
    file, options, clients, seconds, count = sys.argv[1:]
    compiled = ov.Core().compile_model(file, "CPU", json.loads(options))
    compiled(np.zeros(compiled.input(0).shape, np.float32))
    cpu, start = time.process_time(), time.perf_counter()
    if clients == "1":
        latencies = one(compiled, float(seconds), int(count))
    else:
        latencies = several(compiled, int(clients), float(seconds), int(count))
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(
        json.dumps([len(latencies) / took, cpu / len(latencies), statistics.median(latencies)]),
        flush=True,
    )
    # Not by returning: with callbacks, OpenVINO may wait for ever when the interpreter ends.
    os._exit(0)


if __name__ == "__main__":
    main()
