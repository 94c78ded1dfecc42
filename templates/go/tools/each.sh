#!/bin/sh
# each.sh vet|build MODULE FILE...: vets or builds programs, each in a package of its own.
#
# The packages lie in a copy of the module, whose stubs they import. What is built of a program is
# the file `sample` beside it.
set -eu

does=$1 module=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ln -s "$module"/* "$folder"
rm "$folder"/go.*
cp "$module"/go.* "$folder"

number=0
for file; do
  number=$((number + 1))
  mkdir "$folder/$number"
  cp "$file" "$folder/$number"
done

cd "$folder"
if [ "$does" = vet ]; then
  go vet ./...
  exit
fi
go build -ldflags="-s -w" -o made/ ./...
number=0
for file; do
  number=$((number + 1))
  mv "made/$number" "$(dirname "$file")/sample"
done
