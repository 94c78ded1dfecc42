# syntax=docker/dockerfile:1
# Two images: the bundled server, and the whole tool.
#
#   docker build --target server --tag samplegen-server .
#   docker run --rm -p 9000:9000 -p 8000:8000 samplegen-server
#
#   docker build --target tool --tag samplegen .
#   docker run --rm -v "$PWD:/project" samplegen verify

FROM python:3.13.11-slim-trixie AS build
WORKDIR /source
COPY . .
RUN pip install --no-cache-dir --constraint constraints.txt build \
  && python -m build --wheel --outdir /dist

FROM python:3.13.11-slim-trixie AS base
ENV PYTHONUNBUFFERED=1
RUN useradd --create-home --uid 10001 samplegen

FROM base AS server
RUN --mount=type=bind,from=build,source=/dist,target=/dist \
  --mount=type=bind,source=constraints.txt,target=/constraints.txt \
  pip install --no-cache-dir --constraint /constraints.txt \
    "samplegen[server] @ file://$(echo /dist/*.whl)"
USER 10001
EXPOSE 9000 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/v2/health/ready', timeout=2)"]
ENTRYPOINT ["python", "-m", "samplegen_server", "--port", "9000", "--rest_port", "8000", "--grpc_bind_address", "0.0.0.0", "--rest_bind_address", "0.0.0.0"]

FROM base AS tool
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# What the samples of every language need; the list is the one of `make toolchains`.
# hadolint ignore=DL3008
RUN --mount=type=bind,source=Makefile,target=/Makefile \
  apt-get update \
  && apt-get install --yes --no-install-recommends make \
  && make -f /Makefile toolchains \
  && rm -rf /var/lib/apt/lists/*
RUN --mount=type=bind,from=build,source=/dist,target=/dist \
  --mount=type=bind,source=constraints.txt,target=/constraints.txt \
  pip install --no-cache-dir --constraint /constraints.txt \
    "samplegen[all] @ file://$(echo /dist/*.whl)"
USER 10001
WORKDIR /project
# A command that ends needs no check of its health.
HEALTHCHECK NONE
ENTRYPOINT ["samplegen"]
CMD ["--help"]
