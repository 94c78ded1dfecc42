#!/bin/sh
# Ask for an item by its stock keeping unit, and print what is known of it.
set -eu

# Prints the body of the answer. Anything but success is one line on stderr and exit status 1.
request() {
  answer=$(
    curl --silent --fail-with-body --max-time 5 \
      --write-out '%{onerror} %{errormsg}' "$@"
  ) || {
    printf '%s' "${answer# }" | tr '\r\n' '  ' | tail -c 1000 >&2
    echo >&2
    exit 1
  }
  printf '%s\n' "$answer"
}

answer=$(request http://localhost:8061/v1/items/LAMP%2F1%20%22%C3%96%22)

printf '%s' "$answer" | jq -nr '
  input
  | "title: \(.title // error("the answer has no title"))",
    "count: \(.count // 0)",
    "price: \(.price // 0)"
' || exit 1
