"""What the peers' servers share: their arguments, and the call of OpenVINO.

Runs in a peer's own environment, with nothing installed but the peer and OpenVINO.
"""

# mypy: ignore-errors
# The peers' packages are not installed where this project is type-checked.

import argparse
import json
import threading

import openvino as ov


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("rest_port", type=int)
    parser.add_argument("models", type=json.loads, help="JSON list of {name, file, options, large}")
    return parser.parse_args()


class Runner:
    """One compiled model with one input and one output, called from any thread."""

    def __init__(self, name, file, options, large):
        self.name = name
        self.large = large
        """Worth a thread: it would keep an event loop waiting."""
        self._compiled = ov.Core().compile_model(file, "CPU", options)
        self._thread = threading.local()
        self.input, self.output = self._compiled.input(0), self._compiled.output(0)
        self.input_name, self.output_name = self.input.any_name, self.output.any_name

    def __call__(self, array):
        """The output for an input; the array is this thread's until its next call."""
        if not hasattr(self._thread, "request"):
            self._thread.request = self._compiled.create_infer_request()
        request = self._thread.request
        # Not shared: OpenVINO takes no memory that is read-only, as that of a message is.
        request.get_input_tensor().data[...] = array
        request.infer()
        return request.get_output_tensor().data
