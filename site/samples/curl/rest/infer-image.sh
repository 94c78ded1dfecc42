#!/bin/sh
# Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
# likeliest class.
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

image=digit-7.png
[ -r "$image" ] || {
  echo "$image cannot be read" >&2
  exit 1
}

# The binary tensor extension: a JSON header, then the bytes of the tensor. A BYTES element stands
# behind its length, 4 bytes little-endian, and binary_data_size counts both.
length=$(wc -c <"$image")
header=$(jq -cn --arg name image --argjson size $((length + 4)) '{
  inputs: [{
    name: $name, datatype: "BYTES", shape: [1], parameters: {binary_data_size: $size}
  }]
}')
header_length=$(printf '%s' "$header" | wc -c)

# The server decodes the image and scales it to the size that the model takes.
answer=$(
  {
    printf '%s' "$header"
    for shift in 0 8 16 24; do
      printf '%b' "\\0$(printf '%03o' $((length >> shift & 255)))"
    done
    cat "$image"
  } | request http://localhost:8000/v2/models/digits/versions/1/infer \
    --header 'Content-Type: application/octet-stream' \
    --header "Inference-Header-Content-Length: $header_length" --data-binary @-
)

printf '%s' "$answer" | jq -sr \
  --arg name probabilities --arg datatype FP32 '
  def output($name; $datatype):
    first(.outputs[]? | select(.name == $name and .datatype == $datatype))
    // error("the answer has no output \($name) of datatype \($datatype)")
    | if (.data | length) != (reduce .shape[] as $size (1; . * $size)) then
        error("output \($name) does not have the size of its shape")
      elif any(.data[]; type != "number") then
        error("output \($name) has elements that are not \($datatype)")
      else . end;
  .[0] // error("the answer is empty")
  | output($name; $datatype).data | "class: \(index(max))", "probability: \(max)"
' || exit 1
