# Send texts to a model and print the texts that it returns, each in quotes.

import json
import sys

import numpy as np
import tritonclient.grpc as grpcclient


def main() -> None:
    with grpcclient.InferenceServerClient("localhost:9000") as client:
        inputs = []
        data = np.array(
            ["good morning", "", "two\nlines", "Grüße 😀", 'a "b"\\c'],
            dtype=np.object_,
        ).reshape([5])
        infer_input = grpcclient.InferInput("text", [5], "BYTES")
        infer_input.set_data_from_numpy(data)
        inputs.append(infer_input)
        result = client.infer(
            "texts",
            inputs,
            model_version="1",
            client_timeout=10,
        )
    output = result.as_numpy("upper")
    if output is None or output.dtype != np.object_:
        raise ValueError("the answer has no output upper of datatype BYTES")
    texts = [t.decode() if isinstance(t, bytes) else t for t in output.flatten()]
    quoted = [json.dumps(text, ensure_ascii=False) for text in texts]
    print("upper shape:", *output.shape)
    print("upper first:", *quoted[:8])
    output = result.as_numpy("length")
    if output is None or output.dtype != np.int32:
        raise ValueError("the answer has no output length of datatype INT32")
    print("length shape:", *output.shape)
    print("length first:", *output.flatten()[:8])


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
