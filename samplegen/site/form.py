"""The form for a reader's own server and model."""

from samplegen.site.book import Book
from samplegen.site.escaping import html

_PORTS = {"grpc_port": "gRPC port", "rest_port": "REST port"}


def form(book: Book) -> str:
    """Its HTML; the script of the page puts the values into every sample."""
    connection = book.api.connection
    fields = [("host", "Host or address", connection.host, "url")]
    for name in ("rest_port", "grpc_port"):
        if name in connection.ports:
            fields.append((name, _PORTS[name], str(connection.ports[name]), "numeric"))
    has_model = any(operation.model for operation in book.operations.values())
    has_version = has_model and bool(connection.model_version)
    if has_model:
        fields.append(("model", "Model", connection.model or "", "text"))
    if has_version:
        fields.append(("model_version", "Version", connection.model_version, "numeric"))
    inputs = "".join(
        f'<label>{label}<input name="{name}" data-label="{label}" inputmode="{mode}" '
        f'autocomplete="off" spellcheck="false" placeholder="{html(value) or "as shown"}">'
        "</label>"
        for name, label, value, mode in fields
    )
    none = (
        '<label class="sg-none"><input type="checkbox" name="no_version" data-label="no version">'
        "No version: the server picks one</label>"
        if has_version
        else ""
    )
    title = f"Use your own server{' and model' if has_model else ''}"
    return (
        f'<details class="sg-values"><summary>{title}<span class="sg-values-now"></span></summary>'
        f'<form>{inputs}<button type="reset">Reset</button>{none}</form>'
        "<p><output></output>Changes every sample on this site, in this browser only. You can "
        "paste an address such as <code>http://gpu7:8000</code> into the first field.</p>"
        f"{_command(has_model)}</details>"
    )


def _command(has_model: bool) -> str:
    """What makes the programs for all else that a server may ask."""
    if not has_model:
        return ""
    return (
        '<p class="sg-command">Other tensors, TLS or a token? This command reads your model’s '
        "metadata and prints the program: <code data-command></code></p>"
    )
