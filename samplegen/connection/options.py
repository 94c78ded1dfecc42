"""The options of a connection, and how they are typed."""

import os
from collections.abc import Mapping
from typing import Any

OPTIONS = (
    "tls", "cacert", "cert", "header", "header-env", "bearer-token-env", "authority",
    "max-message-size",
)  # fmt: skip
"""The options that a sample says in a way of its own, as the command line calls them."""
FILES = ("cacert", "cert", "key")
"""Those that name a PEM file."""


def words(security: Mapping[str, Any]) -> list[str]:
    """The options of `security_options` as they are typed, with whole paths of files."""
    found = []
    for name, value in security.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            found.append(option)
        elif value:
            values = value if isinstance(value, tuple) else (value,)
            whole = map(os.path.abspath, values) if name in FILES else map(str, values)
            found += [word for text in whole for word in (option, text)]
    return found
