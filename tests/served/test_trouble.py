"""What keeps us from a server, told one thing from the other: who is it, who are we, is it TLS?"""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from samplegen.connection import secrets
from samplegen.connection.model import Tls
from samplegen.errors import SamplegenError
from samplegen.served import trouble
from samplegen.served.address import Address
from tests.conftest import Run
from tests.ingress import Ingress
from tests.served.test_secure import ASKED, IDENTITY, SECRETS, TRUST

pytestmark = pytest.mark.processes

MUTUAL = (*TRUST, *IDENTITY, *ASKED)


def complaint(samplegen: Run, front: Ingress, *arguments: object, **secrets: str) -> str:
    done = samplegen("model", *map(str, arguments), cwd=front.folder, **secrets)
    assert (done.returncode, done.stdout) == (1, ""), done
    (line,) = done.stderr.splitlines()
    assert not any(secret in line for secret in SECRETS.values())
    assert line.startswith("error: ")
    return line


def address(front: Ingress, transport: str, kind: str, host: str = "localhost") -> str:
    port = {"mutual": front.mutual, "tls": front.tls}.get(kind)
    if port is not None:
        return f"{'https' if transport == 'rest' else 'grpcs'}://{host}:{port}"
    plain = {"rest": front.plain_rest, "grpc": front.plain_grpc}[transport]
    return f"{'http' if transport == 'rest' else 'grpc'}://{host}:{plain}"


each_transport = pytest.mark.parametrize("transport", ["rest", "grpc"])


@each_transport
def test_wrong_credentials_are_named(front: Ingress, samplegen: Run, transport: str) -> None:
    asked = (address(front, transport, "mutual"), "mixed", *MUTUAL)
    wrong = complaint(samplegen, front, *asked, **{**SECRETS, "KSERVE_TOKEN": "wrong"})
    assert "rejected the request" in wrong and "in API_KEY and KSERVE_TOKEN" in wrong
    with front.other("ca.pem"):
        line = complaint(samplegen, front, *asked, **SECRETS)
        assert "ca.pem does not contain the CA certificate that signed it" in line
    with front.other("client.pem", "client.key"):
        assert "client.pem" in complaint(samplegen, front, *asked, **SECRETS)


@each_transport
def test_another_host_is_told_with_those_it_should_be(
    front: Ingress, samplegen: Run, transport: str
) -> None:
    with strict(front.folder, "127.0.0.2") as port:
        where = f"{'https' if transport == 'rest' else 'grpcs'}://127.0.0.2:{port}"
        line = complaint(samplegen, front, where, "mixed", *TRUST)
    assert "its certificate is for localhost, models.example, 127.0.0.1, not for 127.0.0.2" in line
    if transport == "grpc":  # there the authority must be named, too
        where = address(front, transport, "tls")
        wrong = ("--authority", "elsewhere.example:443")
        line = complaint(samplegen, front, where, "mixed", *TRUST, *wrong)
        assert "not for elsewhere.example; name one of those" in line


@contextmanager
def accepting(host: str, talk: Callable[[socket.socket], object]) -> Iterator[int]:
    """A server that talks with one client after the other; its port."""
    with socket.create_server((host, 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client, suppress(OSError):
                    talk(client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@contextmanager
def strict(
    folder: Path,
    host: str = "127.0.0.1",
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
) -> Iterator[int]:
    """A server that ends the handshake with a TLS alert if the client shows no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = newest
    context.set_alpn_protocols(["h2", "http/1.1"])

    def shake_hands(client: socket.socket) -> None:
        context.wrap_socket(client, server_side=True).close()

    with accepting(host, shake_hands) as port:
        yield port


@contextmanager
def silent() -> Iterator[int]:
    """A server that reads something and hangs up."""
    with accepting("127.0.0.1", lambda client: client.recv(10_000)) as port:
        yield port


@each_transport
def test_a_server_that_asks_within_tls(front: Ingress, samplegen: Run, transport: str) -> None:
    plain, secure = ("http", "https") if transport == "rest" else ("grpc", "grpcs")
    with strict(front.folder) as port:
        line = complaint(samplegen, front, f"{secure}://localhost:{port}", "mixed", *TRUST)
        assert "requires a client certificate" in line
        assert "add --cert FILE and --key FILE" in line
        other = ("--cert", "other.pem", "--key", "other.key")
        line = complaint(samplegen, front, f"{secure}://localhost:{port}", "mixed", *TRUST, *other)
        assert "does not accept the certificate other.pem" in line
        line = complaint(samplegen, front, f"{plain}://localhost:{port}", "mixed")
        assert f"speaks TLS; write {secure}://localhost:{port}" in line


@each_transport
def test_tls_of_old_only_hints_at_a_certificate(
    front: Ingress, samplegen: Run, transport: str
) -> None:
    secure = "https" if transport == "rest" else "grpcs"
    with strict(front.folder, newest=ssl.TLSVersion.TLSv1_2) as port:
        line = complaint(samplegen, front, f"{secure}://localhost:{port}", "mixed", *TRUST)
    assert "rejected the TLS handshake: " in line
    assert "if it requires a client certificate, add --cert FILE and --key FILE" in line


@each_transport
def test_a_server_that_hangs_up(front: Ingress, samplegen: Run, transport: str) -> None:
    plain, secure = ("http", "https") if transport == "rest" else ("grpc", "grpcs")
    with silent() as port:
        line = complaint(samplegen, front, f"{secure}://localhost:{port}", "mixed")
        assert f"localhost:{port}" in line
        assert f"if it does not use TLS, write {plain}://localhost:{port}" in line


def test_a_key_with_a_password_is_refused_and_not_asked_for(front: Ingress, tmp_path: Path) -> None:
    key = tmp_path / "locked.key"
    command = ["openssl", "pkey", "-in", str(front.folder / "client.key"), "-aes256"]
    command += ["-passout", "pass:s3cret", "-out", str(key)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    with pytest.raises(SamplegenError, match="the key is encrypted; name one that is not"):
        secrets.context(Tls(cert=str(front.folder / "client.pem"), key=str(key)))


@pytest.mark.parametrize("name", ["grpc_proxy", "https_proxy", "http_proxy"])
def test_a_proxy_between_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    server = Address("grpc", "gpu7.example.org", 9000)
    assert trouble.proxy_between(server) is None
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    said = trouble.proxy_between(server)
    assert said is not None
    assert f"'http://127.0.0.1:9', which {name} names" in said
    assert f"put gpu7.example.org into no_proxy, or unset {name}" in said
    for exceptions in ("localhost,gpu7.example.org", ".example.org", "example.org"):
        monkeypatch.setenv("no_proxy", exceptions)
        assert trouble.proxy_between(server) is None
    monkeypatch.setenv("no_proxy", "ample.org,localhost")
    assert trouble.proxy_between(server) is not None


@pytest.mark.parametrize("proxy", ["http://me:s3cret@10.0.0.1:3128/", "me:s3cret@10.0.0.1:3128"])
def test_the_password_of_a_proxy_is_not_printed(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("grpc_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    said = trouble.proxy_between(Address("grpc", "gpu7.example.org", 9000))
    assert said is not None
    assert "10.0.0.1:3128" in said
    assert "s3cret" not in said


def test_it_is_told_where_grpc_fails(samplegen: Run, tmp_path: Path) -> None:
    done = samplegen("model", "grpc://127.0.0.1:9", "m", http_proxy="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "which http_proxy names" in done.stderr
    assert "put 127.0.0.1 into no_proxy" in done.stderr
