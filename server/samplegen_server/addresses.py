"""The addresses to listen on."""

import contextlib
import errno
import socket
from collections.abc import Sequence

ANY_IPV4, ANY_IPV6 = "0.0.0.0", "::"  # noqa: S104 (nothing is bound to them unless asked for)
"""All of a machine's addresses; the second stands for the first, too."""

NOT_OURS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""How the system says that this machine does not have an address."""


class StartError(Exception):
    """The server cannot start; the text is one line that says why."""


def at(address: str, port: int) -> str:
    """An address and a port, as one writes them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def bind(transport: str, addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Sockets bound to the addresses; where a name means several, to those that this machine has.

    Raises:
        StartError: One is in use, or not ours to bind to.
    """
    bound: dict[str, socket.socket] = {}
    with contextlib.ExitStack() as stack:
        for address in addresses:
            try:
                places = _resolve(address, port)
            except (OSError, UnicodeError) as error:  # a name with a label that is none
                raise _cannot_listen(transport, address, port, error) from error
            absent: OSError | None = None
            for host, family in places.items():
                if host in bound or _covered(host, family, addresses):
                    continue
                try:
                    bound[host] = stack.enter_context(_bind_one(host, family, port))
                except OSError as error:
                    if error.errno not in NOT_OURS:
                        raise _cannot_listen(transport, address, port, error) from error
                    absent = absent or error
            if absent is not None and not bound.keys() & places.keys():
                raise _cannot_listen(transport, address, port, absent) from absent
        stack.pop_all()
    return list(bound.values())


def _cannot_listen(transport: str, address: str, port: int, error: Exception) -> StartError:
    return StartError(f"{transport} cannot listen on {at(address, port)}: {error}")


def _resolve(address: str, port: int) -> dict[str, socket.AddressFamily]:
    """The numeric addresses that this one means, with their families."""
    found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    return {str(place[0]): family for family, _, _, _, place in found}


def _covered(host: str, family: socket.AddressFamily, addresses: Sequence[str]) -> bool:
    """Does one of these, which stand for all of a kind, take what comes to this address?"""
    if host == ANY_IPV6:
        return False
    return ANY_IPV6 in addresses or (
        ANY_IPV4 in addresses and family == socket.AF_INET and host != ANY_IPV4
    )


def _bind_one(host: str, family: socket.AddressFamily, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
