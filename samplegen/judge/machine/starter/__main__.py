"""Waits for the judge to ask for worlds, and forks for each; ends with the judge."""

import contextlib
import os
import selectors
import signal
import socket
import sys

from samplegen.judge.machine.starter import kernel, processes, world


def main() -> None:
    """Serves the judge that listens at `line` in a folder, the only argument."""
    with socket.socket(socket.AF_UNIX) as line:
        os.chdir(sys.argv[1])  # a longer path does not fit into an address
        line.connect("line")
        os.chdir("/")
        _serve(line)


def _serve(line: socket.socket) -> None:
    """Makes a world for each socket that comes in, until the judge has ended."""
    if kernel.is_linux():
        kernel.adopt_orphans()  # of a world that its program has ended
    mine, woken = socket.socketpair()
    for end in (mine, woken):
        end.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the judge ends us
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    worlds: set[int] = set()
    with selectors.DefaultSelector() as selector:
        selector.register(line, selectors.EVENT_READ)
        selector.register(mine, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if mine in ready:
                mine.recv(4096)
                _reap(worlds)
            if line in ready:
                _, received, _, _ = socket.recv_fds(line, 1, 1)
                if not received:
                    return
                worlds.add(_fork(received[0], (line, mine, woken)))


def _fork(control: int, others: tuple[socket.socket, ...]) -> int:
    """A process that serves one world."""
    child = os.fork()
    if child:
        os.close(control)
        return child
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for other in others:
            other.close()
        with socket.socket(fileno=control) as sock:
            world.serve(sock)
    finally:
        os._exit(0)


def _reap(worlds: set[int]) -> None:
    """Waits for worlds that have ended, and ends what one has lost."""
    with contextlib.suppress(ChildProcessError):
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            worlds.discard(pid)
    strays = set(processes.children(os.getpid())) - worlds
    processes.kill(list(strays))


if __name__ == "__main__":
    main()
