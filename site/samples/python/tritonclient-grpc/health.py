# Ask whether the server is up, whether it has loaded its models, and whether one model
# can answer.

import sys

import tritonclient.grpc as grpcclient


def main() -> None:
    with grpcclient.InferenceServerClient("localhost:9000") as client:
        checks = {
            "server live": client.is_server_live(client_timeout=10),
            "server ready": client.is_server_ready(client_timeout=10),
            "model ready": client.is_model_ready(
                "dummy",
                model_version="1",
                client_timeout=10,
            ),
        }
    for name, passed in checks.items():
        print(f"{name}: {passed}")
    if not all(checks.values()):
        sys.exit("the server or the model is not ready")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
