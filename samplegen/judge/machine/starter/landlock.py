"""Landlock: a process gives up what it does not need, without namespaces and without being root.

See landlock(7). What is given up is lost to all that the process starts.
"""

import os
import struct
from collections.abc import Sequence

from samplegen.judge.machine.starter import kernel

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_BENEATH, _PORT = 1, 2

_WRITE_FILE = 1 << 1
_CHANGES = sum(1 << bit for bit in (1, *range(4, 13)))
"""Writing to files; removing and making whatever has a name."""
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_CONNECT = 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1


def version() -> int:
    """The kernel's version of it; 0 if it has none or it is switched off."""
    if not kernel.is_linux():
        return 0
    try:
        return kernel.call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def confine(writable: Sequence[str], ports: Sequence[int]) -> None:
    """Writes only below some folders and to devices, and connects only to these ports.

    Signals reach no process but those that this one starts. Kernels may know only a part of this.

    Raises:
        OSError: The kernel has no Landlock.
    """
    known = version()
    files = _CHANGES | (_REFER if known >= 2 else 0) | (_TRUNCATE if known >= 3 else 0)
    network = _CONNECT if known >= 4 else 0
    scope = _ABSTRACT_SOCKETS | _SIGNALS if known >= 6 else 0
    fields = [files, *([network] if known >= 4 else []), *([scope] if known >= 6 else [])]
    attributes = struct.pack(f"{len(fields)}Q", *fields)
    rules = kernel.call(_CREATE_RULESET, attributes, len(attributes), 0)
    for folder in writable:
        _allow_below(rules, folder, files)
    for folder in ("/dev", "/proc"):
        _allow_below(rules, folder, _WRITE_FILE | files & _TRUNCATE)
    for port in ports if network else ():
        kernel.call(_ADD_RULE, rules, _PORT, struct.pack("QQ", network, port), 0)
    kernel.forbid_new_privileges()
    kernel.call(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _allow_below(rules: int, folder: str, files: int) -> None:
    handle = os.open(folder, os.O_PATH)
    kernel.call(_ADD_RULE, rules, _BENEATH, struct.pack("=Qi", files, handle), 0)
    os.close(handle)
