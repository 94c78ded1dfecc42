"""A KServe v2 server on the OpenVINO runtime that answers as OpenVINO Model Server does."""
