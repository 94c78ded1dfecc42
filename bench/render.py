"""How fast samples are rendered, and whether time and memory grow linearly.

    python bench/render.py [OPERATIONS]

Renders a synthetic spec, by default of 1,000 and then 10,000 operations, through all clients. Each
operation differs from all others in its model, its tensor names and its data. Prints samples per
CPU second and the peak memory of the process; each size runs in a process of its own.

Bars: 35,000 samples per CPU second, 100 MB, linear.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

from samplegen.catalogue import Catalogue
from samplegen.render.view import view
from samplegen.spec.operation import Operation

SIZES = (1_000, 10_000)
RATE_BAR = 35_000
MEMORY_BAR = 100


def operations(catalogue: Catalogue, count: int) -> Iterator[Operation]:
    """`count` operations in the forms of the catalogue's own."""
    originals = catalogue.spec.operations()
    for number in range(count):
        original = originals[number % len(originals)]
        yield replace(
            original,
            name=f"{original.name}-{number}",
            summary=f"{original.summary} Number {number}.",
            model=original.model and f"model-{number}",
            inputs=tuple(
                replace(
                    tensor,
                    name=f"{tensor.name}{number}",
                    data=tensor.data and tuple(number + index for index in range(len(tensor.data))),
                )
                for tensor in original.inputs
            ),
            outputs=tuple(replace(t, name=f"{t.name}{number}") for t in original.outputs),
        )


def measure(count: int) -> None:
    """Prints samples, CPU seconds for rendering and peak memory in MB."""
    catalogue = Catalogue()
    clients = catalogue.clients.all()
    api = catalogue.spec.api
    samples = characters = 0
    seconds = 0.0
    for operation in operations(catalogue, count):
        started = time.process_time()
        seen = view(api, operation)
        for client in clients:
            characters += len(catalogue.renderer.render(client, seen).text)
            samples += 1
        seconds += time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(samples, seconds, memory, characters)


def main() -> None:
    """Runs each size in a process of its own and compares."""
    sizes = [int(argument) for argument in sys.argv[1:]] or SIZES
    rates = []
    for count in sizes:
        command = [sys.executable, __file__, "--measure", str(count)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        samples, seconds, memory, characters = (float(word) for word in printed.split())
        rates.append(samples / seconds)
        print(
            f"{count:7,} operations: {samples:9,.0f} samples of {characters / samples:,.0f} "
            f"characters, {rates[-1]:8,.0f} per CPU second "
            f"({rates[-1] / RATE_BAR:.2f} of the bar), "
            f"peak {memory:.0f} MB ({memory / MEMORY_BAR:.2f} of the bar)"
        )
    if len(rates) > 1:
        growth = rates[-1] / rates[0]
        print(f"rate at {sizes[-1]:,} operations / rate at {sizes[0]:,}: {growth:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(int(sys.argv[2]))
    else:
        main()
