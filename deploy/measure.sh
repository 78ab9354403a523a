# shellcheck shell=bash
# `./dbaas bench` and `./dbaas torture`: the programs of bench/, run where they can do their work.

# The bench is a client of the running cluster: it runs in the image, so that the host needs no Node.js.
run_bench() {
  engine_answers || die "no Docker engine answers; ./dbaas up starts the service"
  local terminal=()
  if [ -t 0 ] && [ -t 1 ]; then terminal=(--tty); fi
  mkdir -p "$ROOT/bench/results"
  exec docker run --rm --interactive "${terminal[@]+"${terminal[@]}"}" --network host \
    --user "$(id -u):$(id -g)" --group-add "$(socket_group)" \
    --volume "${DBAAS_DOCKER_SOCKET:-/var/run/docker.sock}:/var/run/docker.sock" \
    --volume "$ROOT/bench/results:/app/bench/results" \
    --env "DBAAS_CLUSTER=$CLUSTER" --env "DBAAS_PORT=$PORT" \
    "$APP_IMAGE" node dist/bench/main.js "$@"
}

# The torture run brings clusters of its own up and down by this very script, so it runs on the host.
run_torture() {
  check_host_node
  lock_setup
  ensure_engine
  choose_images
  has_host_modules || { ensure_compilers && install_host_modules; }
  ensure_images zookeeper rabbitmq app
  unlock_setup
  cd "$ROOT" || exit
  npx --no-install tsc -p tsconfig.json
  exec node --enable-source-maps dist/bench/torture.js "$@"
}
