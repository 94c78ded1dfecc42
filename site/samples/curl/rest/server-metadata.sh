#!/bin/sh
# Ask a server for its name and version.
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

answer=$(request http://localhost:8000/v2)

printf '%s' "$answer" | jq -nr '
  input
  | "name: \(.name // error("the answer has no name"))",
    "version: \(.version // error("the answer has no version"))"
' || exit 1
