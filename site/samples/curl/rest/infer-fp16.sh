#!/bin/sh
# Send numbers of 16 bits to a model, as bytes, and print the numbers that it returns.
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

# The binary tensor extension: a JSON header, then the bytes of the tensors. JSON has no FP16, and a
# request must not mix tensors in JSON and in binary.
header=$(
  cat <<'JSON'
{
  "inputs": [
    {
      "name": "x",
      "datatype": "FP16",
      "shape": [1, 4],
      "parameters": {"binary_data_size": 8}
    }
  ]
}
JSON
)
header_length=$(printf '%s' "$header" | wc -c)

answer=$(
  {
    printf '%s' "$header"
    printf '\000\070\000\275\321\143\146\056'
  } | request http://localhost:8000/v2/models/halves/versions/1/infer \
    --header 'Content-Type: application/octet-stream' \
    --header "Inference-Header-Content-Length: $header_length" --data-binary @-
)

printf '%s' "$answer" | jq -sr --argjson names '["doubled"]' \
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
