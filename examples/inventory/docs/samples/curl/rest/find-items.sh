#!/bin/sh
# Ask for all items with one of some tags of which enough are there.
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

answer=$(
  request http://localhost:8061/v1/items:find \
    --header 'Content-Type: application/json' --data-binary @- <<'JSON'
{"tags": ["office", "it's $(new)"], "min_count": 10}
JSON
)

printf '%s' "$answer" | jq -nr 'input | .items[] | "\(.title): \(.count)"' || exit 1
