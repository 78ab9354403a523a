# shellcheck shell=bash
# `./dbaas example up|down`: the RideShare services of examples/rideshare, clients of the running cluster.

EXAMPLE_FILE=$ROOT/examples/rideshare/docker-compose.yml

example() {
  check_settings
  case "${1:-}" in
    up) example_up ;;
    down)
      ensure_engine
      example_down
      say "the example of $CLUSTER is down"
      ;;
    *) usage_error "example takes up or down" ;;
  esac
}

example_up() {
  lock_setup
  ensure_engine
  choose_images
  ensure_images tools nginx
  unlock_setup
  docker network inspect "$CLUSTER-net" >/dev/null 2>&1 || die "$CLUSTER is not running: ./dbaas up first"
  quietly "compose-$CLUSTER-rideshare" example_compose up --detach --no-build
  wait_until 60 answers "${RIDESHARE_PORT:-8080}" /api/v1/users ||
    die "the example did not answer in time; its containers are named $CLUSTER-rideshare-…"
  say "RideShare is up on http://localhost:${RIDESHARE_PORT:-8080} (try: curl http://localhost:${RIDESHARE_PORT:-8080}/api/v1/users)"
}

example_down() {
  if [ -n "$(docker ps --all --quiet --filter "label=com.docker.compose.project=$CLUSTER-rideshare")" ]; then
    quietly "compose-$CLUSTER-rideshare" example_compose down
  fi
}

example_compose() { DBAAS_CLUSTER=$CLUSTER TOOLS_IMAGE=$TOOLS_IMAGE "${COMPOSE[@]}" -p "$CLUSTER-rideshare" -f "$EXAMPLE_FILE" "$@"; }
