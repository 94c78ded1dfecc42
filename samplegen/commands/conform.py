"""`samplegen conform`: how a KServe v2 server answers, beside how it should."""

import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import click

from samplegen.catalogue import Catalogue
from samplegen.commands.looking_up import wants_tls
from samplegen.commands.options import (
    catalogue_options,
    json_option,
    other_port_options,
    security_options,
)
from samplegen.commands.printing import extra
from samplegen.connection.given import connection
from samplegen.errors import UsageError
from samplegen.served import address

if TYPE_CHECKING:
    from samplegen.conformance.results import Conformance

_TITLES = {"rest": "REST", "grpc": "gRPC"}


@click.command("conform")
@click.argument("address_text", metavar="ADDRESS")
@click.option(
    "--model",
    metavar="NAME",
    help="Model to ask. Default: dummy, or the first one that the server lists.",
)
@click.option(
    "--against",
    type=click.Choice(["ovms", "kserve"]),
    default="ovms",
    show_default=True,
    help="What counts: each difference from OpenVINO Model Server, or only those from KServe v2.",
)
@other_port_options
@security_options
@catalogue_options
@json_option
def command(
    catalogue: Catalogue,
    address_text: str,
    model: str | None,
    against: str,
    grpc_port: int | None,
    rest_port: int | None,
    as_json: bool,
    **security: Any,
) -> int:
    """Compare how a server answers with KServe v2 and with OpenVINO Model Server.

    ADDRESS is a running KServe v2 server, as for `samplegen model`. It is sent about a hundred
    requests, valid and invalid: about itself, about one of its models, and, as far as it
    has the models, those of OpenVINO Model Server's own tests. Name both ports to try both
    transports.

    \b
    samplegen conform http://localhost:8000 --grpc-port 9000
    samplegen conform http://localhost:8000 --model resnet --against kserve
    samplegen conform grpc://localhost:9000 --json

    Each difference says what was sent, what was expected and what was answered, and whose rule it
    is. The words of errors are not compared. What was not sent is listed with the reason.

    Exit status: 0 if there is no difference, 1 if there is one or the server does not answer.
    """
    where = address.parse(address_text)
    security["tls"] = wants_tls(where, security)
    ports = {"grpc_port": grpc_port, "rest_port": rest_port}
    other = "grpc" if where.transport == "rest" else "rest"
    own = f"{where.transport}_port"
    if ports[own] not in (None, where.port):
        raise UsageError(f"--{own.replace('_', '-')}: found {ports[own]}; the address has another")
    port = ports[f"{other}_port"]
    values: dict[str, Any] = {own: where.port, f"{other}_port": port}
    values |= security | {"base_path": where.path or security["base_path"]}
    made = connection(catalogue.spec.api.connection, host=where.host, **values)
    with extra("verify"):
        from samplegen.conformance import trying
    scheme = f"{'http' if other == 'rest' else 'grpc'}{'s' * where.tls}"
    path = made.base_path if other == "rest" else ""
    there = None if port is None else address.Address(scheme, where.host, port, path)
    places = trying.Places(
        first=where,
        rest=where if other == "grpc" else there,
        rpc=where if other == "rest" else there,
        unreached=f"its port for {_TITLES[other]} is not known; add --{other}-port",
    )
    deadline = made.deadline or catalogue.spec.api.deadline
    found = trying.examine(places, model, deadline, made, _progress)
    if against == "kserve":
        found = found.of_the_protocol()
    _progress()
    if as_json:
        from samplegen import outputs

        click.echo(outputs.to_json(found, indent=1))
    else:
        _print(found)
    return 1 if found.differences or not found.sent else 0


def _progress(done: int | None = None) -> None:
    """One line on a terminal; without a number, it is removed."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K" if done is None else f"\r\x1b[K{done} requests", err=True, nl=False)


def _print(found: "Conformance") -> None:
    click.echo(f"{found.server}{f', model {found.model}' if found.model else ''}")
    for group, number, differences in found.by_group():
        right = number - len(differences)
        colour = "yellow" if differences else "green"
        click.echo(f"\n{group}: {click.style(f'{right} of {number} as expected', fg=colour)}")
        for one in differences:
            place = click.style(f"  {one.source}" if one.source else "", dim=True)
            click.echo(f"  {one.name} ({one.transport}){place}")
            click.echo(f"    sent      {one.sent}")
            click.echo(f"    expected  {one.expected}  [{one.rule}]")
            click.echo(f"    answered  {one.answered}")
    reasons: dict[str, int] = defaultdict(int)
    for untried in found.not_tried:
        reasons[untried.reason] += len(untried.names)
    if reasons:
        click.echo("\nNot tried:")
    for reason, number in reasons.items():
        click.echo(f"  {number} requests: {reason}")
    counts = found.counts()
    total = sum(found.sent.values())
    click.echo(
        f"\n{total} requests, {total - len(found.differences)} as expected; "
        f"{counts['KServe v2']} differ from KServe v2, {counts['OVMS']} from OVMS alone"
    )
