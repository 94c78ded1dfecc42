#!/bin/sh
# Have the server make a lease, store a key with it, and end it, which deletes the key.
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
  request http://localhost:2378/v3/lease/grant \
    --header 'Content-Type: application/json' --data-raw '{
  "TTL": "60"
}'
)
lease=$(printf '%s' "$answer" | jq -sr '
  def field($name): if .[$name] == null then error("the answer has no \($name)") else .[$name] end;
  .[0] // error("the answer is empty")
  | field("ID")
') || exit 1
printf '%s' "$answer" | jq -sr '
  def field($name): if .[$name] == null then error("the answer has no \($name)") else .[$name] end;
  .[0] // error("the answer is empty")
  | ("seconds: " + (field("TTL") | tostring))
' || exit 1

answer=$(
  request http://localhost:2378/v3/kv/put \
    --header 'Content-Type: application/json' --data-raw "$(jq -cn --arg lease "$lease" '{
  "key": ("heartbeat/" + $lease | @base64),
  "value": "YWxpdmU=",
  "lease": $lease
}')"
)
printf '%s' "$answer" | jq -s '
  .[0] // error("the answer is empty")
  | if .error? then error("the answer is \(tojson)") else empty end
' || exit 1

answer=$(
  request http://localhost:2378/v3/lease/revoke \
    --header 'Content-Type: application/json' --data-raw "$(jq -cn --arg lease "$lease" '{
  "ID": $lease
}')"
)
printf '%s' "$answer" | jq -s '
  .[0] // error("the answer is empty")
  | if .error? then error("the answer is \(tojson)") else empty end
' || exit 1
