"""Images of a reader's files, as the tensors that models take."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

SUFFIXES = (".png", ".jpg", ".jpeg")
_CHANNELS = (1, 3)
"""Grey, or red, green and blue."""
_LAYOUTS = {4: {"NCHW": 1, "NHWC": 3}, 3: {"CHW": 0, "HWC": 2}}
"""By the number of dimensions, the layouts and where their channels stand."""


def read(file: Path, wanted: tuple[int, ...]) -> tuple[Sequence[Any], tuple[int, ...]]:
    """The pixels of an image from 0 to 255, laid out as an input has them, and their shape.

    Args:
        file: PNG or JPEG.
        wanted: The shape of the input; -1 stands for any size.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no image, or not one of that shape.
    """
    try:
        cv2 = import_module("cv2")
        numpy = import_module("numpy")
    except ModuleNotFoundError as missing:
        message = "OpenCV is not installed, which decodes it; type: pip install 'samplegen[verify]'"
        raise ValueError(message) from missing
    layout = _layout(wanted)
    channels = wanted[layout.index("C")]
    flags = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR
    content = numpy.frombuffer(file.read_bytes(), numpy.uint8)
    try:
        pixels = cv2.imdecode(content, flags)
    except cv2.error:  # of nothing, and of more pixels than it takes
        pixels = None
    if pixels is None:
        raise ValueError("not an image that OpenCV can decode")
    height, width = pixels.shape[:2]
    sizes = {"H": height, "W": width}
    if any(wanted[layout.index(name)] not in (-1, size) for name, size in sizes.items()):
        across, down = wanted[layout.index("W")], wanted[layout.index("H")]
        expected = f"the input takes {across} × {down}, as {layout}"
        raise ValueError(f"found {width} × {height} pixels; {expected}; resize it first")
    rows = pixels.reshape(height, width, channels)[:, :, ::-1]  # OpenCV has blue first
    array = rows.transpose(2, 0, 1) if layout.index("C") < layout.index("H") else rows
    shape = array.shape if len(layout) == 3 else (1, *array.shape)
    return array.flatten().tolist(), shape


def _layout(wanted: tuple[int, ...]) -> str:
    """The layout that a shape tells by where its 1 or 3 channels stand."""
    known = [
        layout
        for layout, place in _LAYOUTS.get(len(wanted), {}).items()
        if wanted[place] in _CHANNELS and (len(wanted) == 3 or wanted[0] in (1, -1))
    ]
    if len(known) != 1:
        why = "it fits several layouts" if known else "expected one image of 1 or 3 channels"
        layouts = "[N,C,H,W], [N,H,W,C], [C,H,W] or [H,W,C]"
        message = f"an image cannot be laid out as {[*wanted]}: {why}, as {layouts}"
        raise ValueError(f"{message}; save the tensor as .npy")
    return known[0]
