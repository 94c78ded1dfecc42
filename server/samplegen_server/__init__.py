"""A KServe v2 inference server on the OpenVINO runtime that behaves as OpenVINO Model Server does."""
