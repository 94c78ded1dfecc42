# Send texts to a model and print the texts that it returns, each in quotes.

import json
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
            ["good morning", "", "two\nlines", "Grüße 😀", 'a "b"\\c'],
            dtype=np.object_,
        ).reshape([5])
        infer_input = httpclient.InferInput("text", [5], "BYTES")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        result = gevent.with_timeout(
            10,
            client.infer,
            "texts",
            inputs,
            model_version="1",
        )
    output = result.as_numpy("upper")
    if output is None or output.dtype != np.object_:
        raise ValueError("the answer has no output upper of datatype BYTES")
    if None in result.get_output("upper").get("data", []):
        raise ValueError("output upper has elements that are null")
    texts = [t.decode() if isinstance(t, bytes) else t for t in output.flatten()]
    quoted = [json.dumps(text, ensure_ascii=False) for text in texts]
    shape = result.get_output("upper")["shape"]
    print("upper shape:", *shape)
    print("upper first:", *quoted[:8])
    output = result.as_numpy("length")
    if output is None or output.dtype != np.int32:
        raise ValueError("the answer has no output length of datatype INT32")
    if None in result.get_output("length").get("data", []):
        raise ValueError("output length has elements that are null")
    shape = result.get_output("length")["shape"]
    print("length shape:", *shape)
    print("length first:", *output.flatten()[:8])


if __name__ == "__main__":
    try:
        main()
    except (Exception, gevent.Timeout) as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
