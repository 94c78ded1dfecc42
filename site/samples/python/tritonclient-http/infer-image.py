# Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
# likeliest class.

import sys
from pathlib import Path

import gevent
import numpy as np
import tritonclient.http as httpclient


def main() -> None:
    with httpclient.InferenceServerClient(
        "localhost:8000",
        connection_timeout=10,
        network_timeout=10,
    ) as client:
        # The server decodes the image and scales it to the size that the model takes.
        image = Path("digit-7.png").read_bytes()
        infer_input = httpclient.InferInput("image", [1], "BYTES")
        infer_input.set_data_from_numpy(np.array([image], dtype=np.object_))
        result = gevent.with_timeout(
            10,
            client.infer,
            "digits",
            [infer_input],
            model_version="1",
        )
    probabilities = result.as_numpy("probabilities")
    if probabilities is None or probabilities.dtype != np.float32:
        raise ValueError("the answer has no output probabilities of datatype FP32")
    if None in result.get_output("probabilities").get("data", []):
        raise ValueError("output probabilities has elements that are null")
    print(f"class: {probabilities.argmax()}")
    print(f"probability: {probabilities.max():.4f}")


if __name__ == "__main__":
    try:
        main()
    except (Exception, gevent.Timeout) as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
