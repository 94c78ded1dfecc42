#!/bin/sh
# Send a tensor of numbers to a model and print the tensor that it returns.
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
  request http://localhost:8000/v2/models/dummy/versions/1/infer \
    --header 'Content-Type: application/json' --data-binary @- <<'JSON'
{
  "inputs": [
    {
      "name": "b",
      "datatype": "FP32",
      "shape": [1, 10],
      "data": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    }
  ]
}
JSON
)

printf '%s' "$answer" | jq -sr --argjson names '["a"]' \
  --argjson datatypes '["FP32"]' '
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
