#!/bin/sh
# Send two tensors to a model and print the two that it returns, their sum and their
# difference.
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

answer=$(
  request http://localhost:8000/v2/models/simple/versions/1/infer \
    --header 'Content-Type: application/json' --data-binary @- <<'JSON'
{
  "inputs": [
    {
      "name": "INPUT0",
      "datatype": "INT32",
      "shape": [1, 16],
      "data": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 987654321, -15]
    },
    {
      "name": "INPUT1",
      "datatype": "INT32",
      "shape": [1, 16],
      "data": [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 123456789, 610]
    }
  ]
}
JSON
)

printf '%s' "$answer" | jq -sr --argjson names '["OUTPUT0", "OUTPUT1"]' \
  --argjson datatypes '["INT32", "INT32"]' '
  def output($name; $datatype):
    first(.outputs[]? | select(.name == $name and .datatype == $datatype))
    // error("the answer has no output \($name) of datatype \($datatype)")
    | if (.data | length) != (reduce .shape[] as $size (1; . * $size)) then
        error("output \($name) does not have the size of its shape")
      elif any(.data[]; type != "number") then
        error("output \($name) has elements that are not \($datatype)")
      else . end;
  .[0] // error("the answer is empty")
  | . as $answer | [$names, $datatypes] | transpose[] as [$name, $datatype]
  | $answer | output($name; $datatype)
  | "\(.name):" + (.data | map(" " + tojson) | join(""))
' || exit 1
