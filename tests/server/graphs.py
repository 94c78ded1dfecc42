"""Graph files of one inference, made on the spot."""

from collections.abc import Mapping
from pathlib import Path


def text(
    model: str, inputs: Mapping[str, str], outputs: Mapping[str, str], version: str = "1"
) -> str:
    """A graph that asks `model`; both mappings go from a stream of the graph to a tensor."""
    streams = [f'input_stream: "{name}"' for name in inputs]
    streams += [f'output_stream: "{name}"' for name in outputs]
    taken = [f'input_stream: "{tensor.upper()}:{name}"' for name, tensor in inputs.items()]
    given = [f'output_stream: "{tensor.upper()}:{name}"' for name, tensor in outputs.items()]
    return f"""
# A graph of one inference.
{chr(10).join(streams)}
node {{
  calculator: "OpenVINOModelServerSessionCalculator"
  output_side_packet: "SESSION:session"
  node_options: {{
    [type.googleapis.com / mediapipe.OpenVINOModelServerSessionCalculatorOptions]: {{
      servable_name: "{model}"
      servable_version: "{version}"
    }}
  }}
}}
node {{
  calculator: "OpenVINOInferenceCalculator"
  input_side_packet: "SESSION:session"
  {chr(10).join(taken)}
  {chr(10).join(given)}
  node_options: {{
    [type.googleapis.com / mediapipe.OpenVINOInferenceCalculatorOptions]: {{
      {_mapping("tag_to_input_tensor_names", inputs)}
      {_mapping("tag_to_output_tensor_names", outputs)}
    }}
  }}
}}
"""


def _mapping(option: str, streams: Mapping[str, str]) -> str:
    return "\n".join(
        f'{option} {{ key: "{tensor.upper()}" value: "{tensor}" }}' for tensor in streams.values()
    )


def write(folder: Path, content: str, name: str = "graph.pbtxt") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(content)
    return file
