#!/bin/sh
# Ask which labels there are, and which values one of them has.
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
  request 'http://localhost:9090/api/v1/labels?match%5B%5D=up'
)
printf '%s' "$answer" | jq -sr '
  def field($name): if .[$name] == null then error("the answer has no \($name)") else .[$name] end;
  .[0] // error("the answer is empty")
  | ("status: " + (field("status") | tostring)),
    ("first label: " + (field("data") | field(0) | tostring)),
    ("second label: " + (field("data") | field(1) | tostring))
' || exit 1

answer=$(
  request 'http://localhost:9090/api/v1/label/job/values?match%5B%5D=up&match%5B%5D=prometheus_build_info'
)
printf '%s' "$answer" | jq -sr '
  def field($name): if .[$name] == null then error("the answer has no \($name)") else .[$name] end;
  .[0] // error("the answer is empty")
  | ("job: " + (field("data") | field(0) | tostring))
' || exit 1
