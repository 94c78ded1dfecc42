"""Source text that is safe where it stands."""

Scalar = bool | int | float | str


class LiteralError(ValueError):
    """A value that the language cannot write."""


class Code(str):
    """Source text that is safe where it stands; it may hold marks."""

    __slots__ = ()
