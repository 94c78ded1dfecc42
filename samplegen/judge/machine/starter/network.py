"""A network of a program's own: loopback, the listening sockets, and a record of other calls."""

import ctypes
import errno
import fcntl
import socket
import struct
from collections.abc import Iterator, Sequence

_LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_BACKLOG = 128
_SET_FLAGS = 0x8914
"""SIOCSIFFLAGS of netdevice(7)."""
_UP, _RUNNING = 0x1, 0x40

# rtnetlink(7)
_NEW_ROUTE, _REQUEST, _ACKNOWLEDGE, _CREATE = 24, 0x1, 0x4, 0x400
_TABLE_LOCAL, _PROTOCOL_BOOT, _SCOPE_HOST, _TYPE_LOCAL, _OUTPUT_DEVICE = 255, 3, 254, 2, 4
_LOOPBACK_INDEX = 1

_ALL_PROTOCOLS = 0x0003
_SENT = 4
"""PACKET_OUTGOING of packet(7): loopback shows each packet as sent and as received."""
_ATTACH_FILTER = 26
_TCP, _UDP = 6, 17
_SYN, _ACK = 0x02, 0x10
_DNS = 53


def bring_up() -> None:
    """Brings loopback up, and has it take what is sent to any other address, too.

    So a call to another machine is refused at once, and seen.
    """
    with socket.socket() as probe:
        fcntl.ioctl(probe, _SET_FLAGS, struct.pack("16sh", b"lo", _UP | _RUNNING))
    for family, _ in _LOOPBACKS:
        try:
            _route_everything(family)
        except OSError as error:
            if family == socket.AF_INET:
                raise OSError(error.errno, f"route: {error.strerror}") from error


def listeners(port: int) -> list[socket.socket]:
    """Sockets that listen on the port of each loopback address.

    Args:
        port: The port; 0 for one that is free.

    Raises:
        OSError: The port is taken.
    """
    made: list[socket.socket] = []
    try:
        for family, host in _LOOPBACKS:
            if family == socket.AF_INET6 and not _has_ipv6():
                continue
            made.append(_listener(family, host, port))
            port = made[0].getsockname()[1]
    except OSError as error:
        for listener in made:
            listener.close()
        raise OSError(error.errno, f"listen at {host}:{port}: {error.strerror}") from error
    return made


def _has_ipv6() -> bool:
    """Whether there is the address `::1`."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _listener(family: int, host: str, port: int) -> socket.socket:
    listener = socket.socket(family)
    try:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _route_everything(family: int) -> None:
    """Adds the route `local default dev lo`."""
    route = struct.pack(
        "BBBBBBBBI", family, 0, 0, 0, _TABLE_LOCAL, _PROTOCOL_BOOT, _SCOPE_HOST, _TYPE_LOCAL, 0
    )
    device = struct.pack("HHI", 8, _OUTPUT_DEVICE, _LOOPBACK_INDEX)
    flags = _REQUEST | _ACKNOWLEDGE | _CREATE
    head = struct.pack("IHHII", 16 + len(route) + len(device), _NEW_ROUTE, flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.send(head + route + device)
        (number,) = struct.unpack_from("i", netlink.recv(4096), 16)
    if number:
        raise OSError(-number, errno.errorcode.get(-number, "unknown"))


class Calls:
    """Sees every connection that is opened, and every datagram that is sent."""

    def __init__(self, ports: Sequence[int], hosts: Sequence[str]) -> None:
        """Starts to see them.

        Args:
            ports: What may be called, on loopback.
            hosts: The names that may be looked up.

        Raises:
            OSError: The kernel does not allow it.
        """
        self._allowed = {(host, port) for _, host in _LOOPBACKS for port in ports}
        self._hosts = tuple(host.lower() for host in hosts)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._socket.setblocking(False)
        _attach(self._socket)
        self._socket.bind(("lo", _ALL_PROTOCOLS))

    def others(self) -> tuple[str, ...]:
        """What was called besides that which may be, each once: `address:port`, or a name."""
        found = (self._other(packet) for packet in self._packets())
        return tuple(dict.fromkeys(text for text in found if text))

    def _packets(self) -> Iterator[bytes]:
        while True:
            try:
                packet, (_, _, direction, *_) = self._socket.recvfrom(2048)
            except BlockingIOError:
                return
            if direction == _SENT:
                yield packet

    def _other(self, packet: bytes) -> str | None:
        protocol, host, start = _addressed(packet)
        port = int.from_bytes(packet[start + 2 : start + 4], "big")
        if protocol == _TCP:
            return None if (host, port) in self._allowed else _shown(host, port)
        if port != _DNS:
            return f"{_shown(host, port)}/udp"
        name = _asked(packet[start + 8 :])
        return None if self._known(name) else f"{name} (looked up)"

    def _known(self, name: str) -> bool:
        """Whether a name, or one that a resolver makes of it, is one that may be looked up.

        gRPC for Go asks for `_grpc_config.<name>`.
        """
        return any(name == host or name.endswith(f".{host}") for host in self._hosts)


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _addressed(packet: bytes) -> tuple[int, str, int]:
    """The protocol, the address, and where the header of the protocol starts."""
    if packet[0] >> 4 == 4:
        return packet[9], socket.inet_ntop(socket.AF_INET, packet[16:20]), (packet[0] & 15) * 4
    return packet[6], socket.inet_ntop(socket.AF_INET6, packet[24:40]), 40


def _asked(query: bytes) -> str:
    """The name that a DNS query asks for."""
    labels, at = [], 12
    while at < len(query) and (size := query[at]):
        labels.append(query[at + 1 : at + 1 + size].decode("ascii", "backslashreplace"))
        at += 1 + size
    return ".".join(labels).lower()


def _attach(sniffer: socket.socket) -> None:
    """Filters the packets in the kernel, so that what programs send does not fill the queue."""
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in _FIRST_PACKETS)
    code = ctypes.create_string_buffer(program)
    filtering = struct.pack("HxxxxxxP", len(_FIRST_PACKETS), ctypes.addressof(code))
    sniffer.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, filtering)


_LOAD, _LOAD_INDEXED, _LOAD_HEADER_SIZE, _AND, _IF, _GO, _ANSWER = (
    0x30, 0x50, 0xB1, 0x54, 0x15, 0x05, 0x06,
)  # fmt: skip
_FIRST_PACKETS = (
    (_LOAD, 0, 0, 0),  # 0: the version
    (_AND, 0, 0, 0xF0),
    (_IF, 6, 0, 0x60),  # IPv6: 9
    (_LOAD, 0, 0, 9),  # 3: IPv4's protocol
    (_IF, 10, 0, _UDP),  # keep
    (_IF, 0, 10, _TCP),  # else drop
    (_LOAD_HEADER_SIZE, 0, 0, 0),
    (_LOAD_INDEXED, 0, 0, 13),  # TCP's flags
    (_GO, 0, 0, 4),  # 13
    (_LOAD, 0, 0, 6),  # 9: IPv6's protocol
    (_IF, 4, 0, _UDP),  # keep
    (_IF, 0, 4, _TCP),  # else drop
    (_LOAD, 0, 0, 40 + 13),  # TCP's flags
    (_AND, 0, 0, _SYN | _ACK),  # 13
    (_IF, 0, 1, _SYN),
    (_ANSWER, 0, 0, 2048),  # 15: keep
    (_ANSWER, 0, 0, 0),  # 16: drop
)
"""TCP's packets that open a connection, and UDP's, as a program of the classic packet filter.

Operation, steps to skip if true and if false, operand.
"""
