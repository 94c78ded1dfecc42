#!/bin/sh
# Send a tensor of numbers to a model and print the tensor that it returns.
set -eu

# Prints the body of the answer. Anything but success is one line on stderr and exit status 1.
request() {
  answer=$(
    curl --silent --fail-with-body --max-time 10 \
      --write-out '%{onerror} %{errormsg}' "$@"
  ) || {
    printf '%s' "${answer# }" | tr '\r\n' '  ' | tail -c 1000 >&2
    echo >&2
    exit 1
  }
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

printf '%s' "$answer" | jq -nr --argjson names '["a"]' \
  --argjson datatypes '["FP32"]' '
  input.outputs as $outputs | [$names, $datatypes] | transpose[] as [$name, $datatype]
  | $outputs | map(select(.name == $name and .datatype == $datatype))[0]
    // error("the answer has no output \($name) of datatype \($datatype)")
  | "\(.name): \(.data | map(tostring) | join(" "))"
' || exit 1
