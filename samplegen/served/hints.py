"""What mends a connection that a server, or what stands before it, refuses."""

import re

_HINTS = {
    r"No required SSL certificate|certificate required": "add --cert FILE and --key FILE",
    r"sent to HTTPS port": "write https:// in place of http://",
    r"wrong.version.number": "write http:// or grpc://, if it speaks without TLS",
    r"hostname mismatch|IP address mismatch|hostname verification|peer name":
        "name a host that its certificate is for",
    r"verify.failed|self-signed|local issuer":
        "add --cacert FILE, with the authorities that vouch for it",
    r"parsing HTTP/2": "write grpcs:// if it speaks TLS, or name the port where it speaks gRPC",
    r"header with status: 400": "add --cert FILE and --key FILE, if it asks who you are",
    r"status:? 401|UNAUTHENTICATED": "add --bearer-token-env VARIABLE, with a token that it takes",
    r"status:? 403|PERMISSION_DENIED": "name a token or a certificate of one whom it lets in",
}  # fmt: skip
"""What an error of nginx, OpenSSL, gRPC or HTTP says to what is to be done."""


def hint(error: str) -> str:
    """What is to be done about an error; empty if nobody knows."""
    for pattern, text in _HINTS.items():
        if re.search(pattern, error, re.IGNORECASE):
            return text
    return ""
