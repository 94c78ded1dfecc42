#!/bin/sh
# Ask which versions of a model are served, and for the name, datatype and shape of its
# inputs and outputs.
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

answer=$(request http://localhost:8000/v2/models/dummy/versions/1)

printf '%s' "$answer" | jq -sr '
  def field($name): .[$name] // error("the answer has no \($name)");
  def tensor:
    "\(field("name")): \(field("datatype")) [\(field("shape") | map(tostring) | join(", "))]";
  .[0] // error("the answer is empty")
  | "name: \(field("name"))",
    "versions:" + (.versions // [] | map(" \(.)") | join("")),
    "platform: \(field("platform"))",
    (field("inputs")[] | "input " + tensor),
    (field("outputs")[] | "output " + tensor)
' || exit 1
