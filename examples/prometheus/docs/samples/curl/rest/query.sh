#!/bin/sh
# Evaluate an expression at one time.
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
  request 'http://localhost:9090/api/v1/query?query=vector%286+%2A+7%29&time=1700000000'
)
printf '%s' "$answer" | jq -sr '
  def field($name): if .[$name] == null then error("the answer has no \($name)") else .[$name] end;
  .[0] // error("the answer is empty")
  | ("type: " + (field("data") | field("resultType") | tostring)),
    ("time: " + (field("data") | field("result") | field(0) | field("value") | field(0) | tostring)),
    ("value: " + (field("data") | field("result") | field(0) | field("value") | field(1) | tostring))
' || exit 1
