"""The nginx of the page "Secure connections", in front of the bundled server."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, missing
from tests.server.process import Server, free_ports

TOKEN = "t0ken \"with\" $(odd) 'characters' \\"  # noqa: S105  (a made-up one)
API_KEY = "k3y"
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
"""Where programs are; nginx is not where users' programs are."""
_MAIN = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
    log_format requests escape=json '{"uri": "$uri", "host": "$host", '
        '"status": $status, "client": "$ssl_client_s_dn", '
        '"tenant": "$http_x_tenant", "key": "$http_x_key", "token": "$http_authorization"}';
    access_log requests.jsonl requests;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    SERVERS
}
"""
_CA = ("-subj", "/CN=An authority of the tests")
_LEAF = ("-addext", "basicConstraints=critical,CA:FALSE")


@dataclass(frozen=True)
class Ingress:
    """Where nginx listens, by what it asks for; and its folder of keys and of what it logged."""

    folder: Path
    mutual: int
    """The port, for REST and gRPC, of a server that asks for a client certificate and a token."""
    tls: int
    """That of one that asks for nothing, over TLS."""
    plain_grpc: int
    """The ports of one that asks for a token, without TLS."""
    plain_rest: int

    @contextmanager
    def watch(self) -> Iterator[list[dict[str, Any]]]:
        """The requests it answers meanwhile."""
        requests: list[dict[str, Any]] = []
        path = self.folder / "requests.jsonl"
        start = path.stat().st_size
        yield requests
        with path.open("rb") as log:
            log.seek(start)
            requests += [json.loads(line) for line in log]

    @contextmanager
    def other(self, *names: str) -> Iterator[None]:
        """Puts files of a stranger in place of those of these names, meanwhile."""
        for name in names:
            path = self.folder / name
            path.rename(f"{path}.kept")
            shutil.copy(self.folder / f"other{path.suffix}", path)
        try:
            yield
        finally:
            for name in names:
                (self.folder / f"{name}.kept").rename(self.folder / name)


def documented() -> str:
    """The configuration that the page shows."""
    page = (ROOT / "site/connection.md").read_text()
    found = re.search(r"^```nginx[^\n]*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@contextmanager
def started(server: Server, folder: Path) -> Iterator[Ingress]:
    """An ingress in front of `server`, which runs on this machine."""
    for program in ("openssl", "nginx"):
        if shutil.which(program, path=PATH) is None:
            missing(f"{program} is missing; type: sudo apt install {program}")
    ports = free_ports(4)
    make_keys(folder)
    mutual, tls, *plain = (f"listen 127.0.0.1:{port} " for port in ports)
    shown = changed(
        documented(),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{server.rest_port}"),
        ("grpc://127.0.0.1:9000", f"grpc://127.0.0.1:{server.port}"),
        ("/etc/nginx/models", str(folder)),
        ("change-me", re.sub(r'(["\\])', r"\\\1", TOKEN.replace("$", "${dollar}"))),
    )
    open_to_all = re.sub(
        r"if .*?\n    }", "", changed(shown, ("client on", "client off")), flags=re.S
    )
    unencrypted = re.sub(r"ssl_.*?;", "", shown)
    servers = [
        'geo $dollar { default "$"; }',
        changed(shown, ("listen 8443 ", mutual)),
        changed(open_to_all, ("listen 8443 ", tls)),
        changed(unencrypted, ("listen 8443 ssl http2", plain[0] + "http2")),
        changed(unencrypted, ("listen 8443 ssl http2", plain[1])),
    ]
    (folder / "nginx.conf").write_text(_MAIN.replace("SERVERS", "\n".join(servers)))
    with ExitStack() as stack:
        log = stack.enter_context((folder / "nginx.log").open("wb"))
        command = [
            str(shutil.which("nginx", path=PATH)),
            "-p",
            str(folder),
            "-c",
            "nginx.conf",
            "-e",
            "stderr",
        ]
        process = stack.enter_context(subprocess.Popen(command, stdout=log, stderr=log))
        stack.callback(process.kill)
        _wait(process, ports, folder / "nginx.log")
        yield Ingress(folder, *ports)


def make_keys(folder: Path) -> None:
    """Makes `ca.pem`, and for server and client `.pem` and `.key`; and `other.pem`, a stranger."""
    names = "subjectAltName=DNS:localhost,DNS:models.example,IP:127.0.0.1"
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", *_LEAF)
    for name, options in (
        ("ca", _CA),
        ("other", _CA),
        ("server", (*signed, "-subj", "/CN=models.example", "-addext", names)),
        ("client", (*signed, "-subj", "/CN=a client")),
    ):
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        subprocess.run(
            ["openssl", "req", "-x509", "-days", "2", *key, *files, *options],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=30,
        )


def changed(text: str, *changes: tuple[str, str]) -> str:
    """The text with each of the changes; a page that no longer holds one fails the tests."""
    for old, new in changes:
        assert old in text, f"{old!r} is not in {text}"
        text = text.replace(old, new)
    return text


def _wait(process: "subprocess.Popen[bytes]", ports: list[int], log: Path) -> None:
    deadline = time.monotonic() + 20
    for port in ports:
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
