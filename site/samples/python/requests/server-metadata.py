# Ask a server for its name and version.

import sys

import requests


def main(session: requests.Session) -> None:
    url = "http://localhost:8000/v2"
    metadata = checked(session.get(url, timeout=10)).json()
    print(f"name: {metadata['name']}")
    print(f"version: {metadata['version']}")


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
