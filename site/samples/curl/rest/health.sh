#!/bin/sh
# Ask whether the server is up, whether it has loaded its models, and whether one model
# can answer.
set -eu

# Prints the body of the answer. Anything but success is one line on stderr and exit status 1.
request() {
  answer=$(
    curl --silent --fail-with-body --max-time 10 \
      --write-out '%{onerror} %{errormsg}' "$@"
  ) || {
    printf '%s' "${answer# }" | tr '\r\n' '  ' | tail -c 1000 >&2
    echo >&2
    exit 1
  }
  printf '%s\n' "$answer"
}

request http://localhost:8000/v2/health/live >/dev/null
echo 'server live: true'

request http://localhost:8000/v2/health/ready >/dev/null
echo 'server ready: true'

request http://localhost:8000/v2/models/dummy/versions/1/ready >/dev/null
echo 'model ready: true'
