#!/bin/sh
# Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
# likeliest class.
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
    --header "Inference-Header-Content-Length: $header_length" --data-binary @-
)

printf '%s' "$answer" | jq -nr --arg name probabilities \
  --arg datatype FP32 '
  input.outputs | map(select(.name == $name and .datatype == $datatype))[0]
    // error("the answer has no output \($name) of datatype \($datatype)")
  | .data | "class: \(index(max))", "probability: \(max)"
' || exit 1
