"""`python -m tests.real`: installs other servers, judges the samples on them, records them."""

import json
import os
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import click

from tests.real import exchanges, matrix, programs, serving
from tests.real.exchanges import Recorder, Recording
from tests.real.matrix import Server
from tests.real.models import MODELS, served
from tests.real.serving import PACKAGES
from tests.server.process import free_ports


@click.command()
@click.argument("servers", nargs=-1, type=click.Choice([*PACKAGES]))
@click.option("--client", "clients", multiple=True, help="Only these; by default all.")
@click.option("--model", "models", multiple=True, help="Only these; by default all.")
@click.option(
    "--operation",
    "operations",
    multiple=True,
    help="Only these; by default all, or with --model alone none. Likewise no models.",
)
@click.option("--record", is_flag=True, help="Record what they answer, and judge nothing.")
@click.option(
    "--running",
    multiple=True,
    metavar="NAME=HOST:GRPC_PORT:REST_PORT",
    help="A server that runs already, such as ovms=localhost:9000:8000; its own models only.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("build/servers"),
    show_default=True,
    help="For the environments and what the servers write.",
)
def main(
    servers: tuple[str, ...],
    clients: tuple[str, ...],
    models: tuple[str, ...],
    operations: tuple[str, ...],
    record: bool,
    running: tuple[str, ...],
    folder: Path,
) -> None:
    """Judge the samples on SERVERS, by default on all, and write what came of it."""
    os.environ["NO_COLOR"] = "1"
    failed = []
    # The same for all, so that a program for one of them need not be built for the next.
    grpc_port, rest_port = free_ports(2)
    for name in servers or (() if running else PACKAGES):
        try:
            python = serving.install(name, folder)
            ports = grpc_port, rest_port
            with serving.running(name, python, folder / "work" / name, ports) as at:
                package = f"{PACKAGES[name]} {serving.version(name, python)}"
                if record:
                    _record(at, package)
                else:
                    _judge(at, package, clients, models, operations, folder / "work")
        except Exception as error:  # one server does not take the others with it
            failed.append(f"{name}: {type(error).__name__}: {error}")
    for one in running:
        name, _, endpoint = one.partition("=")
        at = _parsed(name, endpoint)
        found = _server(at, "", endpoint)
        found.operations = matrix.judge_operations(endpoint, clients, operations, folder)
        matrix.write(found)
    if failed:
        raise click.ClickException("\n".join(failed))


def _parsed(name: str, endpoint: str) -> serving.Served:
    host, grpc_port, rest_port = endpoint.rsplit(":", 2)
    return serving.Served(name, int(grpc_port), int(rest_port), host)


def _judge(
    at: serving.Served,
    package: str,
    clients: tuple[str, ...],
    models: tuple[str, ...],
    operations: tuple[str, ...],
    work: Path,
) -> None:
    endpoint = f"{at.host}:{at.grpc_port}:{at.rest_port}"
    found = _server(at, package, endpoint)
    if operations or not models:
        found.operations = matrix.judge_operations(endpoint, clients, operations, work)
    if models or not operations:
        address = f"http://{at.host}:{at.rest_port}"
        found.models = matrix.judge_models(at.name, address, at.grpc_port, clients, models)
    found.unserved = {
        name: reason for name, model in MODELS.items() if (reason := model.why_not(at.name))
    }
    matrix.write(found)


def _server(at: serving.Served, package: str, endpoint: str) -> Server:
    return Server(at.name, _itself(at)[1], package, _today())


def _itself(at: serving.Served) -> tuple[str, str]:
    """The name and version that a server gives itself."""
    with urllib.request.urlopen(f"http://{at.host}:{at.rest_port}/v2", timeout=10) as answer:
        tree = json.load(answer)
    return tree["name"], tree["version"]


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _record(at: serving.Served, package: str) -> None:
    front = Recorder(at.grpc_port, at.rest_port)
    with exchanges.standing(front):
        runs = tuple(
            programs.run(front, name, client, model.shapes)
            for name, model in served(at.name).items()
            for client in (programs.DESCRIBED, *programs.CLIENTS)
        )
        conformance = programs.conform(front)
    name, version = _itself(at)
    found = tuple(front.found.values())
    recording = Recording(name, version, package, _today(), found, runs, conformance)
    path = exchanges.FOLDER / f"{at.name}.json"
    recording.write(path)
    click.echo(f"{path}: {len(recording.exchanges)} exchanges, {len(runs)} runs")


if __name__ == "__main__":
    main()
