"""How busy this machine is: where programs wait for a processor, time tells less."""

import os


def factor() -> float:
    """How many processes compete for each processor, at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def tolerance(seconds: float, most: float) -> float:
    """By how much a time may differ here.

    Args:
        seconds: By how much it may differ where nothing else runs.
        most: What it may not exceed, however busy the machine is.
    """
    return min(seconds * factor(), max(seconds, most))
