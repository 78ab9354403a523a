# shellcheck shell=bash
# What the simulated hosts of the tests and the torture start from (tools/hosts/): a root file system, and an engine's folder with
# the images. Both are made once, and anew when what they are made of changed.

# ./dbaas __hosts: makes them and prints where they are.
prepare_hosts() {
  {
    check_settings
    lock_setup
    ensure_engine
    choose_images
    ensure_images zookeeper rabbitmq app
    ensure_host_image
    ensure_host_root
    ensure_host_engine
  } >&2
  printf '%s=%s\n' HOSTS_BASE "$HOSTS_BASE" HOSTS_ENGINE "$HOSTS_ENGINE" DBAAS_IMAGES "$IMAGES" \
    RABBITMQ_IMAGE "$RABBITMQ_IMAGE" ZOOKEEPER_IMAGE "$ZOOKEEPER_IMAGE"
}

ensure_host_image() {
  local base=debian:bookworm-slim checksum
  HOST_IMAGE=mini-dbaas-host:latest
  if [ "$IMAGES" = standin ]; then base=$BASE_IMAGE HOST_IMAGE=dbaas-standin/host:$CODENAME; fi
  checksum=$(cd "$ROOT/tools/hosts" && checksum_of Dockerfile)
  is_built_from "$HOST_IMAGE" "$checksum" && return
  say "building $HOST_IMAGE"
  build_image host "$HOST_IMAGE" "$checksum" "$ROOT/tools/hosts" --build-arg "BASE_IMAGE=$base"
}

ensure_host_root() {
  local id container old
  id=$(docker image inspect --format '{{.Id}}' "$HOST_IMAGE")
  HOSTS_BASE=$STATE/hosts/root-${id:7:12}
  [ -e "$HOSTS_BASE" ] && return
  for old in "$STATE"/hosts/root-*; do throw_away "$old"; done
  mkdir -p "$HOSTS_BASE.new"
  container=$(docker create "$HOST_IMAGE" true)
  docker export "$container" | tar -x -C "$HOSTS_BASE.new"
  docker rm "$container" >/dev/null
  mv "$HOSTS_BASE.new" "$HOSTS_BASE"
}

# By one such host, from what is there already: the layers that stayed the same are not loaded again.
ensure_host_engine() {
  local wanted ids old loaded host
  wanted=("$APP_IMAGE" "$ZOOKEEPER_IMAGE" "$RABBITMQ_IMAGE" "$NODE_IMAGE")
  if [ "$IMAGES" = standin ]; then wanted+=("$BASE_IMAGE"); fi
  ids=$(docker image inspect --format '{{.Id}}' "${wanted[@]}")
  HOSTS_ENGINE=$STATE/hosts/engine-$(printf '%s\n' "$ids" "${wanted[@]}" "$HOSTS_BASE" | checksum)
  [ -e "$HOSTS_ENGINE" ] && return
  loaded=$HOSTS_ENGINE
  say "loading the images for the simulated hosts"
  old=$(find "$STATE/hosts" -maxdepth 1 -name 'engine-*' | head -n 1)
  (
    export HOSTS_NAME=loader-$(checksum <<<"$ROOT") HOSTS_DIR=$STATE/hosts/loader HOSTS_BASE HOSTS_NET=10.97.255 HOSTS_ENGINE=$old HOSTS_COPY=1
    host=$ROOT/tools/hosts/hosts.sh
    "$host" down
    trap '"$host" down' EXIT
    "$host" up 1
    # shellcheck disable=SC2086  # a list of ids
    "$host" in 1 docker image ls --quiet --no-trunc | sort -u | grep -vxF "$ids" | xargs -r "$host" in 1 docker image rm --force >/dev/null 2>&1 || true
    quietly load-images load_images "$host" "${wanted[@]}"
    "$host" halt 1
    mv "$HOSTS_DIR/1/docker" "$loaded"
  ) || die "the images could not be loaded into a simulated host"
  throw_away "${old:-$STATE/hosts/none}"
}

# By another name first: what was removed in part would be taken for whole.
throw_away() {
  rm -rf "$STATE"/hosts/old-*
  if [ -e "$1" ]; then mv "$1" "$STATE/hosts/old-$$" && rm -rf "$STATE/hosts/old-$$"; fi
}

load_images() {
  local host=$1 && shift
  docker save "$@" | "$host" in 1 docker load
}
