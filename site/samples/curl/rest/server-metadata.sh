#!/bin/sh
# Ask a server for its name and version.
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

answer=$(request http://localhost:8000/v2)

printf '%s' "$answer" | jq -sr '
  def field($name): .[$name] // error("the answer has no \($name)");
  .[0] // error("the answer is empty")
  | "name: \(field("name"))",
    "version: \(field("version"))"
' || exit 1
