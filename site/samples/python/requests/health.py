# Ask whether the server is up, whether it has loaded its models, and whether one model
# can answer.

import sys

import requests


def main(session: requests.Session) -> None:
    url = "http://localhost:8000/v2/health/live"
    checked(session.get(url, timeout=10))
    print("server live: True")

    url = "http://localhost:8000/v2/health/ready"
    checked(session.get(url, timeout=10))
    print("server ready: True")

    url = "http://localhost:8000/v2/models/dummy/versions/1/ready"
    checked(session.get(url, timeout=10))
    print("model ready: True")


def checked(response: requests.Response) -> requests.Response:
    """The response, which must be a success."""
    if not response.ok:
        raise ValueError(f"HTTP status {response.status_code}: {response.text}")
    return response


if __name__ == "__main__":
    try:
        with requests.Session() as session:
            main(session)
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
