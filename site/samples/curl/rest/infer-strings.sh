#!/bin/sh
# Send texts to a model and print the texts that it returns, each in quotes.
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
  request http://localhost:8000/v2/models/texts/versions/1/infer \
    --header 'Content-Type: application/json' --data-binary @- <<'JSON'
{
  "inputs": [
    {
      "name": "text",
      "datatype": "BYTES",
      "shape": [5],
      "data": [
          "good morning",
          "",
          "two\nlines",
          "Gr\u00fc\u00dfe \ud83d\ude00",
          "a \"b\"\\c"
      ]
    }
  ]
}
JSON
)

# Of bytes that are no UTF-8, jq would make other texts.
printf '%s' "$answer" | iconv -f UTF-8 -t UTF-8 >/dev/null || exit 1
printf '%s' "$answer" | jq -sr --argjson names '["upper", "length"]' \
  --argjson datatypes '["BYTES", "INT32"]' '
  def output($name; $datatype):
    first(.outputs[]? | select(.name == $name and .datatype == $datatype))
    // error("the answer has no output \($name) of datatype \($datatype)")
    | if (.data | length) != (reduce .shape[] as $size (1; . * $size)) then
        error("output \($name) does not have the size of its shape")
      elif any(.data[]; type != ({BOOL: "boolean", BYTES: "string"}[$datatype] // "number")) then
        error("output \($name) has elements that are not \($datatype)")
      else . end;
  .[0] // error("the answer is empty")
  | . as $answer | [$names, $datatypes] | transpose[] as [$name, $datatype]
  | $answer | output($name; $datatype)
  | "\(.name) shape:" + (.shape | map(" \(.)") | join("")),
    "\(.name) first:" + (.data[:8] | map(" " + tojson) | join(""))
' || exit 1
