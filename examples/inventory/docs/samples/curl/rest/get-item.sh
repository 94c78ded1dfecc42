#!/bin/sh
# Ask for an item by its stock keeping unit, and print what is known of it.
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

answer=$(request http://localhost:8061/v1/items/LAMP%2F1%20%22%C3%96%22)

printf '%s' "$answer" | jq -sr '
  .[0] // error("the answer is empty")
  | "title: \(.title // error("the answer has no title"))",
    "count: \(.count // error("the answer has no count"))",
    "price: \(.price // error("the answer has no price"))"
' || exit 1
