#!/bin/sh
# Ask whether the server is up, whether it has loaded its models, and whether one model
# can answer.
set -eu

# Prints the body of the answer. Anything but success is one line on stderr and exit status 1.
request() {
  answer=$(
    curl --silent --max-time 10 \
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

# An answer about health has no body, or a JSON object.
check() {
  answer=$(request "$1")
  printf '%s' "$answer" | jq '
    if has("error") then error("the answer is \(tojson)") else empty end
  ' || exit 1
}

check http://localhost:8000/v2/health/live
echo 'server live: true'

check http://localhost:8000/v2/health/ready
echo 'server ready: true'

check http://localhost:8000/v2/models/dummy/versions/1/ready
echo 'model ready: true'
