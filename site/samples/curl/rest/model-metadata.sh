#!/bin/sh
# Ask which versions of a model are served, and for the name, datatype and shape of its
# inputs and outputs.
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

answer=$(request http://localhost:8000/v2/models/dummy/versions/1)

printf '%s' "$answer" | jq -nr '
  def tensor: "\(.name): \(.datatype) [\(.shape | map(tostring) | join(", "))]";
  input
  | "name: \(.name // error("the answer has no name"))",
    "versions: \(.versions | join(" "))",
    "platform: \(.platform)",
    (.inputs[] | "input " + tensor),
    (.outputs[] | "output " + tensor)
' || exit 1
