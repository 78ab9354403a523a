#!/bin/sh
# Compiles the extension of SQLite against the headers of the SQLite that npm's sqlite3 carries, beside its native module.
# A part of `npm run modules`.
set -eu
cd "$(dirname "$0")/../.."
archive=$(ls node_modules/sqlite3/deps/sqlite-autoconf-*.tar.gz)
version=$(basename "$archive" .tar.gz)
headers=$(mktemp -d)
trap 'rm -rf "$headers"' EXIT
tar -xzf "$archive" -C "$headers" "$version/sqlite3.h" "$version/sqlite3ext.h"
mkdir -p node_modules/sqlite3/build/Release
# -ffp-contract=off: nothing is computed in another way on another machine.
${CC:-cc} -std=c11 -O2 -Wall -Wextra -fPIC -shared -ffp-contract=off -I "$headers/$version" \
  -o node_modules/sqlite3/build/Release/dbaas-4.so worker/sqlite-extension/dbaas.c -lm
