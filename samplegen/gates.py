"""The gates that a sample passes, by name."""

from typing import Literal, get_args

Gate = Literal["identity", "format", "lint", "build", "run", "wire", "output", "meaning", "faults"]
GATES: tuple[Gate, ...] = get_args(Gate)
"""In the order in which they are taken."""
