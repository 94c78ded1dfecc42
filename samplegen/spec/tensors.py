"""Tensors of an operation, and what each datatype of the protocol can hold."""

import math
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationInfo,
)

from samplegen.spec.packing import raw

Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
    "FP16", "FP32", "FP64", "BYTES",
]  # fmt: skip
"""The protocol's tensor datatypes; inference_rest.md, "Tensor Data Types"."""

LONGEST = 32
"""The elements of a tensor that samples hold as a literal, and print one and all."""
MOST_LITERAL = 4_000
"""The elements that the inputs of an operation may list as `data`: a method of Java has 65,535
bytes of code, and an element of an array takes about eight of them."""
MOST_BYTES = 65_535
"""The bytes of a text in `data`: a constant of Java holds no more; JVMS, section 4.4.7."""
MOST = 2**26
"""The elements of the longest input: a quarter of a gigabyte as FP32."""
SHOWN = 8
"""How many elements samples print of a longer one, behind its shape."""
_FORBID = ConfigDict(extra="forbid")


def _plain(value: object) -> object:
    """Refuses what is no scalar, in one message instead of one for each type of the union."""
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"found {value!r}; expected true or false, a number, or text")
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        digits = len(str(abs(value)))
        raise ValueError(f"found a number of {digits} digits; expected one that FP64 can hold")
    return value


Scalar = Annotated[StrictBool | StrictInt | StrictFloat | StrictStr, BeforeValidator(_plain)]


def flat(value: object) -> object:
    """The elements of lists in lists, row by row.

    Raises:
        ValueError: The lists are not of one length at each depth.
    """
    if not isinstance(value, list) or not any(isinstance(item, list) for item in value):
        return value
    nested_shape(value)
    while any(isinstance(item, list) for item in value):
        value = [element for item in value for element in item]
    return value


def nested_shape(value: object) -> tuple[int, ...]:
    """The shape of lists in lists.

    Raises:
        ValueError: They are not of one length at each depth.
    """
    if not isinstance(value, list):
        return ()
    inner = {nested_shape(item) for item in value}
    if len(inner) > 1:
        raise ValueError("found lists of different lengths; expected as many elements in each")
    return (len(value), *next(iter(inner), ()))


def _flat_of_shape(value: object, info: ValidationInfo) -> object:
    """The same, of lists that have the shape of their tensor."""
    shape = info.data.get("shape")
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        sizes = nested_shape(value)
        if shape is not None and sizes != shape:
            raise ValueError(f"found lists of the shape {[*sizes]}; expected {[*shape]}")
    return flat(value)


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """An input or output of a model."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    name: StrictStr
    datatype: Datatype
    shape: tuple[Annotated[StrictInt, Field(ge=-1)], ...]
    """Outermost dimension first. -1 stands, in an output, for any size."""
    data: (
        Annotated[
            tuple[Scalar, ...],
            BeforeValidator(
                _flat_of_shape, json_schema_input_type=tuple[Scalar | tuple[Any, ...], ...]
            ),
        ]
        | None
    ) = None
    """Row-major, flat or as lists in lists. For an input, exactly one of `data`, `cycle` and `file`
    is given."""
    cycle: Annotated[StrictInt, Field(ge=1)] | None = None
    """Data made in code, for it is long: the numbers below this one, again and again; as BOOL,
    false and true in turn; as BYTES, the numbers as text."""
    file: StrictStr | None = None
    """A file of the spec's `data` folder, sent as the one BYTES element; a sample opens it under
    this name in its working folder."""

    @cached_property
    def elements(self) -> tuple[Scalar, ...]:
        """The data with the type of its datatype: a whole number of an FP32 tensor is 1.0."""
        if self.cycle:
            return self._cycled()
        data = self.data or ()
        return tuple(float(v) for v in data) if self.datatype.startswith("FP") else data

    @cached_property
    def first_cycle(self) -> tuple[Scalar, ...]:
        """The elements that `cycle` repeats."""
        numbers = range(self.cycle or 0)
        if self.datatype == "BOOL":
            return (False, True)
        if self.datatype == "BYTES":
            return tuple(map(str, numbers))
        return tuple(map(float, numbers)) if self.datatype.startswith("FP") else tuple(numbers)

    @cached_property
    def cycles(self) -> int:
        """How many cycles are enough for all elements."""
        return -(-self.size // len(self.first_cycle))

    def _cycled(self) -> tuple[Scalar, ...]:
        cycle = self.first_cycle
        return (cycle * self.cycles)[: self.size]

    @cached_property
    def size(self) -> int:
        """The number of elements; negative if a dimension has any size."""
        return -1 if -1 in self.shape else math.prod(self.shape)

    @property
    def raw_size(self) -> int:
        """The bytes of the elements, as they travel in binary."""
        if not self.cycle:
            return len(raw(self.datatype, self.elements))
        whole, rest = divmod(self.size, len(self.first_cycle))
        sizes = (
            len(raw(self.datatype, elements))
            for elements in (self.first_cycle, self.first_cycle[:rest])
        )
        return next(sizes) * whole + next(sizes)

    @cached_property
    def source(self) -> str:
        """Where the elements of an input come from: `data`, `cycle` or `file`."""
        return next(name for name in ("file", "cycle", "data") if getattr(self, name) is not None)

    @cached_property
    def is_long(self) -> bool:
        """Whether it has, or may have, more elements than samples print."""
        return not 0 <= self.size <= LONGEST


def longest_literal(value: Scalar) -> int:
    """The bytes of a text as a class file of Java holds them, the most of all languages."""
    if not isinstance(value, str):
        return 0
    units = value.encode("utf-16-le", "surrogatepass")
    codes = (low + (high << 8) for low, high in zip(units[::2], units[1::2], strict=True))
    return sum(1 if 0 < code < 0x80 else 2 if code < 0x800 else 3 for code in codes)


_LARGEST = {"FP16": 65504.0, "FP32": (2 - 2**-23) * 2.0**127, "FP64": sys.float_info.max}
"""The largest finite number of each floating-point datatype."""


def fits(datatype: str, value: Any) -> bool:
    """Whether a tensor of `datatype` can hold `value`."""
    if datatype == "BOOL":
        return isinstance(value, bool)
    if datatype == "BYTES":
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if datatype in _LARGEST:
        return not _LARGEST[datatype] < abs(value) < math.inf
    bits = int(datatype.lstrip("UINT"))
    low, high = (0, 2**bits) if datatype.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    return isinstance(value, int) and low <= value < high
