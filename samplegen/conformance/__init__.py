"""How a KServe v2 server answers requests, beside how OpenVINO Model Server would."""
