# shellcheck shell=bash
# `./dbaas test`: types, lint, then unit, integration and end-to-end tests in one run of node's test runner, whose closing
# counts are the last lines printed.

run_checks() {
  check_settings
  lock_setup
  use_node
  ensure_engine
  choose_images
  has_host_modules || ensure_compilers
  ensure_browser
  ensure_images zookeeper rabbitmq tools nginx &
  local images=$!
  has_host_modules || install_host_modules
  wait "$images" || exit 1
  trap remove_test_world EXIT
  make_test_world
  unlock_setup
  cd "$ROOT" || exit
  say "checking types"
  npx --no-install tsc -p tsconfig.json
  npx --no-install tsc -p dashboard/tsconfig.json
  say "checking style"
  npx --no-install biome check .
  offer_test_world
  say "running the tests"
  run_tests
}

# npm ci compiles two native modules and SQLite's extension, so it runs only when the lock file, the extension or Node.js changed.
has_host_modules() { [ "$(cat "$ROOT/node_modules/.dbaas-installed" 2>/dev/null)" = "$(host_modules_wanted)" ]; }

host_modules_wanted() { { cat "$ROOT/package.json" "$ROOT/package-lock.json" "$ROOT"/patches/* "$ROOT"/worker/sqlite-extension/{build.sh,dbaas.c} && node --version; } | checksum; }

install_host_modules() {
  say "installing node_modules (about a minute)"
  quietly npm-ci npm_ci
  host_modules_wanted >"$ROOT/node_modules/.dbaas-installed"
}

npm_ci() {
  local headers
  headers=$(dirname "$(dirname "$(node -p process.execPath)")")
  cd "$ROOT" || return
  # With the headers at hand neither module asks the network for a prebuilt binary or for headers.
  if [ -f "$headers/include/node/node.h" ]; then export npm_config_nodedir=$headers npm_config_build_from_source=true; fi
  JOBS=max MAKEFLAGS=-j$(getconf _NPROCESSORS_ONLN) npm run modules
}

# The dashboard is tested in Chromium. Where there is none and none can be installed, those tests say so and are skipped.
ensure_browser() {
  if ! has_browser && can_install; then install_packages chromium; fi
}

has_browser() { [ -n "${CHROMIUM:-}" ] || has chromium || has chromium-browser || has google-chrome; }

ensure_compilers() {
  local missing=()
  has python3 || missing+=(python3)
  has make || missing+=(make)
  has g++ || missing+=(g++)
  if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
}

# Some at the same time, each kind file by file: tests of a cluster mostly wait, and leave the processor to the others.
run_tests() {
  local files=() source
  while IFS= read -r source; do files+=("$source"); done < <(test_files)
  node test/run.ts "${files[@]}"
}

# Quick ones first; the end-to-end tests begin with bringing a cluster up and end with taking it down. Those of several hosts, which
# say by themselves where the machine does not allow them, are run after all others.
test_files() {
  local first=test/e2e/up.test.ts last=test/e2e/down.test.ts folder
  for folder in test/unit test/simulation test/integration test/journeys test/torture test/hosts; do
    if [ -d "$folder" ]; then find "$folder" -name '*.test.ts' | sort; fi
  done
  find test/e2e -name '*.test.ts' | sort | awk -v first="$first" -v last="$last" '
    $0 == first { print } $0 != first && $0 != last { others = others $0 "\n" } $0 == last { ending = $0 }
    END { printf "%s", others; if (ending) print ending }'
}
