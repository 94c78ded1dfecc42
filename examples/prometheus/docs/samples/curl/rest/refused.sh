#!/bin/sh
# Ask with an expression that is cut off, and read what is wrong with it.
set -eu

# Prints the body of the answer, whose status must be one of the first argument. Anything else is
# one line on stderr and exit status 1.
request() {
  expected=$1
  shift
  answer=$(
    curl --silent --max-time 5 \
      --write-out ' %{http_code}%{onerror}%{stderr}%{errormsg}\n' "$@"
  ) || exit 1
  status=${answer##* }
  answer=${answer% *}
  case " $expected " in
    *" $status "*) ;;
    *)
      printf 'HTTP status %s: %.1000s' "$status" "$answer" | tr '\r\n' '  ' >&2
      echo >&2
      exit 1
      ;;
  esac
  printf '%s\n' "$answer"
}

answer=$(
  request 400 'http://localhost:9090/api/v1/query?query=sum%28'
)
printf '%s' "$answer" | jq -sr '
  def field($name): if .[$name] == null then error("the answer has no \($name)") else .[$name] end;
  .[0] // error("the answer is empty")
  | ("type: " + (field("errorType") | tostring)),
    ("error: " + (field("error") | tostring))
' || exit 1
