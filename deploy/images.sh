# shellcheck shell=bash
# Decides where the images come from, official or stand-in, and makes sure that they are there. The answer is remembered
# in .dbaas/images; DBAAS_IMAGES=official|standin decides by hand, and each single image can be named by its variable.

choose_images() {
  local source=${DBAAS_IMAGES:-$(cat "$STATE/images" 2>/dev/null || true)}
  case $source in
    official | standin) ;;
    "") source=$(probe_registry) && echo "$source" >"$STATE/images" ;;
    *) die "DBAAS_IMAGES=$source: it is either official or standin" ;;
  esac
  IMAGES=$source
  if [ "$IMAGES" = standin ]; then name_standins; fi
  : "${ZOOKEEPER_IMAGE:=zookeeper:3.9}" "${RABBITMQ_IMAGE:=rabbitmq:4-management}"
  : "${NODE_IMAGE:=node:24-bookworm-slim}" "${NGINX_IMAGE:=nginx:stable}"
  export ZOOKEEPER_IMAGE RABBITMQ_IMAGE NODE_IMAGE NGINX_IMAGE DBAAS_IMAGE=$APP_IMAGE
}

# Pulls the smallest official image: the engine, not this shell, must be able to reach the registry.
probe_registry() {
  local probe=hello-world had_it=1
  docker image inspect "$probe" >/dev/null 2>&1 || had_it=0
  if within 30 docker pull -q "$probe" >/dev/null 2>&1; then echo official; else echo standin; fi
  if [ "$had_it" = 0 ]; then docker image rm "$probe" >/dev/null 2>&1 || true; fi
}

# ./dbaas build
build_images() {
  check_settings
  lock_setup
  ensure_engine
  choose_images
  ensure_images zookeeper rabbitmq app nginx
  unlock_setup
  say "the images are built: $ZOOKEEPER_IMAGE, $RABBITMQ_IMAGE, $NGINX_IMAGE, $APP_IMAGE"
}

# ensure_images NAME…, of: zookeeper rabbitmq app tools nginx. What does not wait for another is made at the same time.
ensure_images() {
  if [ "$IMAGES" = standin ]; then ensure_base; fi
  local name running=()
  for name in "$@"; do
    "ensure_$name" &
    running+=("$!")
  done
  for name in "${running[@]}"; do wait "$name" || exit 1; done
}

ensure_zookeeper() { ensure_image zookeeper "$ZOOKEEPER_IMAGE"; }
ensure_rabbitmq() { ensure_image rabbitmq "$RABBITMQ_IMAGE"; }
ensure_nginx() { ensure_image nginx "$NGINX_IMAGE"; }

ensure_app() {
  if [ "$IMAGES" = official ]; then pull_image "$NODE_IMAGE"; else build_node_standin "$NODE_IMAGE"; fi
  build_app
}

ensure_tools() {
  ensure_app
  build_tools
}

# A name that is not of the stand-ins was given by the user: it is pulled, not built.
ensure_image() {
  case $2 in
    dbaas-standin/*) build_standin "$1" "$2" ;;
    *) pull_image "$2" ;;
  esac
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

pull_image() {
  has_image "$1" && return
  say "pulling $1"
  quietly "pull-${1//[\/:]/-}" docker pull "$1"
}

# A label on each image we build holds the checksum of what it was built from: an unchanged one is not built again.
is_built_from() {
  [ "$(docker image inspect --format '{{index .Config.Labels "mini-dbaas.source"}}' "$1" 2>/dev/null)" = "$2" ]
}

# build_image LOG NAME CHECKSUM FOLDER [build option…]. The image it replaces is removed unless something still runs on it.
build_image() {
  local log=$1 name=$2 checksum=$3 folder=$4 replaced && shift 4
  replaced=$(docker image inspect --format '{{.Id}}' "$name" 2>/dev/null || true)
  # The builder would send traces of its own to a collector that is meant for the service.
  OTEL_EXPORTER_OTLP_ENDPOINT='' quietly "build-$log" docker build --network host --label "mini-dbaas.source=$checksum" --tag "$name" "$@" "$folder"
  if [ -n "$replaced" ] && has_no_name "$replaced"; then docker image rm "$replaced" >/dev/null 2>&1 || true; fi
}

has_no_name() { [ "$(docker image inspect --format '{{len .RepoTags}}' "$1" 2>/dev/null)" = 0 ]; }

# checksum_of PATH…: of the content and names of every file there; what is missing counts as nothing.
checksum_of() {
  local path
  for path in "$@"; do
    if [ -e "$path" ]; then find "$path" -type f -not -path '*/node_modules/*' -not -path '*/tools/bench/results/*'; fi
  done | sort | tar -cf - --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0 -T - 2>/dev/null | checksum
}
