#!/bin/sh
# Store a value under a key, read it, and print both.
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
  request http://localhost:2378/v3/kv/put \
    --header 'Content-Type: application/json' --data-raw '{
  "key": "Z3JlZXRpbmc=",
  "value": "SGVsbG8sIGV0Y2QhICLDliI="
}'
)
printf '%s' "$answer" | jq -sr '
  def field($name): if .[$name] == null then error("the answer has no \($name)") else .[$name] end;
  .[0] // error("the answer is empty")
  | ("revision: " + (field("header") | field("revision") | tostring))
' || exit 1

answer=$(
  request http://localhost:2378/v3/kv/range \
    --header 'Content-Type: application/json' --data-raw '{
  "key": "Z3JlZXRpbmc="
}'
)
printf '%s' "$answer" | jq -sr '
  def field($name): if .[$name] == null then error("the answer has no \($name)") else .[$name] end;
  .[0] // error("the answer is empty")
  | (field("kvs")[] | (field("key") | @base64d | tostring) + ": " + (field("value") | @base64d | tostring)),
    ("count: " + (field("count") | tostring))
' || exit 1
