"""``GET /v1/config``: the state of every version, as OpenVINO Model Server writes it."""

import orjson

from samplegen_server.repository import Repository, Served


def status(repository: Repository) -> bytes:
    """The state of every version that is or was served, its line breaks included."""
    models = [
        f'{_text(name)} : \n{{\n "model_version_status": [{_versions(list(versions.values()))}]\n}}'
        for name, versions in repository.models().items()
    ]
    return ("{\n" + ",\n".join(models) + "\n}" if models else "{}").encode()


def _versions(versions: list[Served]) -> str:
    if not versions:
        return ""
    return "\n" + ",\n".join(_version(served) for served in versions) + "\n "


def _version(served: Served) -> str:
    error = "UNKNOWN" if served.has_failed else "OK"
    return (
        "  {\n"
        f'   "version": "{served.version}",\n'
        f'   "state": "{served.state.name}",\n'
        '   "status": {\n'
        f'    "error_code": "{error}",\n'
        f'    "error_message": "{error}"\n'
        "   }\n"
        "  }"
    )


def _text(value: str) -> str:
    return orjson.dumps(value).decode()
