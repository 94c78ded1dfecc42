#!/bin/sh
# Store a state; only if it is still that, note it and read it, all at once.
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
  "key": "c3RhdGU=",
  "value": "cmVhZHk="
}'
)
printf '%s' "$answer" | jq -s '
  .[0] // error("the answer is empty")
  | if .error? then error("the answer is \(tojson)") else empty end
' || exit 1

answer=$(
  request http://localhost:2378/v3/kv/txn \
    --header 'Content-Type: application/json' --data-raw '{
  "compare": [
    {
      "result": "EQUAL",
      "target": "VALUE",
      "key": "c3RhdGU=",
      "value": "cmVhZHk="
    }
  ],
  "success": [
    {
      "request_put": {
        "key": "c2Vlbg==",
        "value": "eWVz"
      }
    },
    {
      "request_range": {
        "key": "c3RhdGU="
      }
    }
  ],
  "failure": [
    {
      "request_range": {
        "key": "c3RhdGU="
      }
    }
  ]
}'
)
printf '%s' "$answer" | jq -sr '
  def field($name): if .[$name] == null then error("the answer has no \($name)") else .[$name] end;
  .[0] // error("the answer is empty")
  | ("succeeded: " + (field("succeeded") | tostring)),
    (field("responses") | field(1) | field("response_range") | field("kvs")[] | (field("key") | @base64d | tostring) + ": " + (field("value") | @base64d | tostring))
' || exit 1
