"""Runs a command, and ends it with whoever asked for it, even if that was killed.

`python guard.py LINE COMMAND [ARGUMENT]...`: LINE is the number of a file descriptor whose other
end only the asker holds. It is run as a program of its own and needs nothing but Python.
"""

import os
import select
import signal
import sys


def main() -> None:
    """Runs the command to its end, or until the asker is gone; ends as the command did."""
    line = int(sys.argv[1])
    os.set_inheritable(line, False)
    child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    ended = os.pidfd_open(child)
    found, _, _ = select.select([line, ended], [], [])
    if ended not in found:
        os.killpg(os.getpgrp(), signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


if __name__ == "__main__":
    main()
