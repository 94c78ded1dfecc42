# Ask whether the server is up, whether it has loaded its models, and whether one model
# can answer.

import sys

import gevent
import tritonclient.http as httpclient


def main() -> None:
    with httpclient.InferenceServerClient(
        "localhost:8000",
        connection_timeout=10,
        network_timeout=10,
    ) as client:
        checks = {
            "server live": gevent.with_timeout(10, client.is_server_live),
            "server ready": gevent.with_timeout(10, client.is_server_ready),
            "model ready": gevent.with_timeout(
                10,
                client.is_model_ready,
                "dummy",
                model_version="1",
            ),
        }
    for name, passed in checks.items():
        print(f"{name}: {passed}")
    if not all(checks.values()):
        sys.exit("the server or the model is not ready")


if __name__ == "__main__":
    try:
        main()
    except (Exception, gevent.Timeout) as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
