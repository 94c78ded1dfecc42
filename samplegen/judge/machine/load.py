"""How busy this machine is: where programs wait for a processor, time tells less."""

import os


def factor() -> float:
    """How many processes compete for each processor, at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
