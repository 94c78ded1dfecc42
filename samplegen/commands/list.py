"""`samplegen list`: the matrix."""

import click

from samplegen.catalogue import Catalogue, Cell
from samplegen.commands.options import catalogue_options, json_option


@click.command("list")
@catalogue_options
@json_option
def command(catalogue: Catalogue, as_json: bool) -> int:
    """Show all operations and clients, and which samples exist.

    \b
    ready        `samplegen show` prints the program
    omitted      the client does not support the operation; the reason is shown
    no template  a template is missing; `samplegen generate` names it
    """
    states = [(cell, catalogue.state(cell)) for cell in catalogue.cells]
    if as_json:
        from samplegen import outputs

        rows = [
            outputs.ListedCell(
                operation=cell.operation.name,
                title=cell.operation.title,
                client=cell.client.name,
                form=cell.operation.form,
                state=state,
                reason=_reason(cell),
                path=cell.client.sample(cell.operation),
            )
            for cell, state in states
        ]
        click.echo(outputs.to_json(rows, indent=1))
        return 0
    width = max((len(cell.client.name) for cell, _ in states), default=0)
    last = None
    for cell, state in states:
        if cell.operation is not last:
            click.echo(f"{cell.operation.name}  {click.style(cell.operation.title, dim=True)}")
            last = cell.operation
        colour = {"ready": "green", "omitted": "yellow"}.get(state, "red")
        reason = f"  {_reason(cell)}" if _reason(cell) else ""
        click.echo(f"  {cell.client.name:{width}}  {click.style(state, fg=colour)}{reason}")
    return 0


def _reason(cell: Cell) -> str:
    """Why the client has no sample of the operation, or one that does not do all it should."""
    if cell.omitted is not None:
        return cell.omitted
    return cell.deviation.reason if cell.deviation else ""
