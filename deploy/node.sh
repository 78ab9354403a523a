# shellcheck shell=bash
# The Node.js that the tests and the torture run on. The programs are TypeScript, which Node.js reads as it is from 22.18 on.

# Where this machine's is older, or there is none, the npm package that carries one is fetched into .dbaas.
use_node() {
  if is_node_recent; then return; fi
  local folder=$STATE/node
  if ! [ -x "$folder/bin/node" ]; then
    [ "$(uname -s)" = Linux ] || die "Node.js 22.18 or later is needed, with npm"
    has npm || install_packages npm
    say "fetching Node.js 24 from the npm registry"
    rm -rf "$folder" "$folder.new"
    fetch_npm_package "node-linux-$(node_arch)@24" "$folder.new"
    fetch_npm_package npm@11 "$folder.new/lib/node_modules/npm"
    ln -s ../lib/node_modules/npm/bin/npm-cli.js "$folder.new/bin/npm"
    ln -s ../lib/node_modules/npm/bin/npx-cli.js "$folder.new/bin/npx"
    chmod +x "$folder.new"/bin/node "$folder.new"/lib/node_modules/npm/bin/*-cli.js
    mv "$folder.new" "$folder"
  fi
  PATH=$folder/bin:$PATH
  is_node_recent || die "the fetched Node.js does not run: $folder/bin/node"
}

is_node_recent() {
  has node && has npm || return 1
  # No arrow or newer syntax: it is read by whatever Node.js there is.
  node -e 'var v = process.versions.node.split(".").map(Number); process.exit(v[0] > 22 || (v[0] === 22 && v[1] >= 18) ? 0 : 1)'
}
