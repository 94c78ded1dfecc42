"""The spec: what an API can do, one operation a file. Knows nothing of templates.

Words are those of the KServe v2 protocol: datatype, shape, model version.
"""
