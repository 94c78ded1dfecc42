#!/bin/sh
# Makes the stubs of all protos in this folder: a/b.proto becomes the package a/b of the module.
set -eu

go build -o bin/ google.golang.org/protobuf/cmd/protoc-gen-go \
  google.golang.org/grpc/cmd/protoc-gen-go-grpc
module=$(go list -m)

protos=$(find . -name '*.proto' ! -path './google/rpc/*' | sed 's|^\./||' | sort)
set --
for proto in $protos; do
  folder=$(printf '%s' "${proto%.proto}" | tr -c 'A-Za-z0-9_/' _)
  package=${folder##*/}
  # A keyword names no package, and one that is called main cannot be imported.
  if [ "$package" = main ] || ! echo "package $package" | gofmt >bin/formatted 2>&1; then
    package=${package}_
  fi
  set -- "$@" "--go_opt=M$proto=$module/$folder;$package"
  set -- "$@" "--go-grpc_opt=M$proto=$module/$folder;$package"
done
# shellcheck disable=SC2086
protoc --plugin=bin/protoc-gen-go --plugin=bin/protoc-gen-go-grpc \
  --go_out=. "--go_opt=module=$module" --go-grpc_out=. "--go-grpc_opt=module=$module" "$@" $protos
