# shellcheck shell=bash
# Builds the one image that every program of ours runs from, and the one with the bench and the example in it. Unchanged sources
# cost one checksum.

APP_SOURCES=(Dockerfile .dockerignore package.json package-lock.json patches tsconfig.json images/compile-cache.mjs
  core platform api controller worker orchestrator cli client dashboard)
TOOLS_SOURCES=(tools/bench examples)

build_app() {
  local checksum
  offer_certificates
  checksum=$(app_checksum)
  is_built_from "$APP_IMAGE" "$checksum" && return
  if has_image "$APP_IMAGE"; then say "building $APP_IMAGE"; else say "building $APP_IMAGE (the first time takes two minutes)"; fi
  build_stage service "$APP_IMAGE" "$checksum"
}

# After the service's image, of which it is made.
build_tools() {
  local checksum
  checksum=$({ app_checksum && cd "$ROOT" && checksum_of "${TOOLS_SOURCES[@]}"; } | checksum)
  is_built_from "$TOOLS_IMAGE" "$checksum" || build_stage tools "$TOOLS_IMAGE" "$checksum"
}

build_stage() {
  build_image "$1" "$2" "$3" "$ROOT" --target "$1" --build-arg "NODE_IMAGE=$NODE_IMAGE" "$(registry_argument)" \
    --build-arg HTTP_PROXY --build-arg HTTPS_PROXY --build-arg NO_PROXY
}

app_checksum() {
  (cd "$ROOT" && { checksum_of "${APP_SOURCES[@]}" && docker image inspect --format '{{.Id}}' "$NODE_IMAGE"; }) | checksum
}

# A machine behind a proxy that re-signs traffic names its certificates to npm; the npm in the build needs them as well.
offer_certificates() {
  local file=${NODE_EXTRA_CA_CERTS:-}
  if [ -z "$file" ] && has npm; then file=$(npm config get cafile 2>/dev/null); fi
  if [ -f "$file" ]; then
    cmp -s "$file" "$STATE/ca.crt" || cp "$file" "$STATE/ca.crt"
  else
    rm -f "$STATE/ca.crt"
  fi
}

# The build asks the same npm registry as this machine does.
registry_argument() {
  local registry=
  if has npm; then registry=$(npm config get registry 2>/dev/null); fi
  case $registry in
    "" | undefined | https://registry.npmjs.org/) echo "--build-arg=NPM_REGISTRY=" ;;
    *) echo "--build-arg=NPM_REGISTRY=$registry" ;;
  esac
}
