#!/bin/sh
# Ask for all items with one of some tags of which enough are there.
set -eu

# Prints the body of the answer. Anything but success is one line on stderr and exit status 1.
request() {
  answer=$(
    curl --silent --max-time 5 \
      --write-out ' %{http_code}%{onerror}%{stderr}%{errormsg}\n' "$@"
  ) || exit 1
  status=${answer##* }
  answer=${answer% *}
  if [ "$status" != 200 ]; then
    printf 'HTTP status %s: %.1000s' "$status" "$answer" | tr '\r\n' '  ' >&2
    echo >&2
    exit 1
  fi
  printf '%s\n' "$answer"
}

answer=$(
  request http://localhost:8061/v1/items:find \
    --header 'Content-Type: application/json' --data-binary @- <<'JSON'
{"tags": ["office", "it's $(new)"], "min_count": 10}
JSON
)

printf '%s' "$answer" | jq -sr '
  .[0] // error("the answer is empty")
  | .items // error("the answer has no items")
  | .[]
  | "\(.title // error("an item has no title")): \(.count // error("an item has no count"))"
' || exit 1
