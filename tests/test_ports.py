"""Two runs at a time never use the same ports."""

import socket
from contextlib import ExitStack

from samplegen.judge.machine.ports import claimed


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def test_wanted_ports_that_are_free_are_claimed_once() -> None:
    wanted = free_ports(2)
    with claimed(wanted) as first:
        assert first == tuple(wanted)
        with claimed(wanted) as second, claimed(wanted) as third:
            assert len({*first, *second, *third}) == 6
    with claimed(wanted) as again:
        assert again == tuple(wanted)


def test_one_port_in_use_makes_all_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = listening.getsockname()[1]
        wanted = [*free_ports(1), taken]
        with claimed(wanted) as ports:
            assert not {*ports} & {*wanted}
        with claimed(wanted[:1]) as kept:
            assert kept == tuple(wanted[:1])


def test_ports_beyond_the_last_are_replaced() -> None:
    with claimed([65535, 65536]) as ports:
        assert all(0 < port < 65536 for port in ports)
        assert 65536 not in ports
