# shellcheck shell=bash
# `./dbaas bench` and `./dbaas torture`: the programs of tools/bench/ and tools/torture/, run where they can do their work.

BENCH_MANIFESTS=$STATE/bench-manifests

# The bench has a cluster of its own, always begun anew. It runs in the image, in that cluster's network, so that the host
# needs no Node.js and nothing stands between it and the API; the host's processes are visible to it for their usage.
run_bench() {
  local arguments=() keep=0 hosts=0 argument
  for argument in "$@"; do
    case $argument in
      --keep) keep=1 ;;
      --hosts | --hosts=*) hosts=1 && arguments+=("$argument") ;;
      -h | --help) bench_usage && return ;;
      *) arguments+=("$argument") ;;
    esac
  done
  CLUSTER=dbaas-bench PORT=${DBAAS_BENCH_PORT:-18090} DBAAS_MANIFESTS=$BENCH_MANIFESTS
  check_settings
  mkdir -p "$BENCH_MANIFESTS" "$ROOT/tools/bench/results"
  cp "$ROOT/tools/bench/manifest.yaml" "$BENCH_MANIFESTS/dbaas.yaml"
  if engine_answers; then bench_down; fi
  if [ "$keep" = 0 ]; then trap bench_down EXIT; fi
  welcome() { :; } # not a cluster to try things on
  cluster_up
  if [ "$hosts" = 1 ]; then
    bench_hosts "${arguments[@]}"
    return
  fi
  ensure_tools
  bench_program "${arguments[@]+"${arguments[@]}"}"
}

# Beside the cluster of one host one on three simulated ones: the program makes them, so it runs on this machine.
bench_hosts() {
  use_node
  has_host_modules || { ensure_compilers && install_host_modules; }
  (cd "$ROOT" && DBAAS_CLUSTER=$CLUSTER node tools/bench/hosts/main.ts "$@")
}

bench_usage() {
  cat <<'EOF'
usage: ./dbaas bench [--full] [--only SCENARIO,…] [--keep]
       ./dbaas bench --hosts 3 [--runs N]

Measures the service on a cluster of its own, which it brings up and takes down again, beside a plain implementation of
the same thing. Prints a table and writes JSON, Markdown and charts to tools/bench/results/.

  --full   longer and more runs, all sizes, ten minutes of memory (about half an hour); without it about four minutes
  --only   some of: replay, headline, lone, sql, steady, connections, slaves, controller, neighbours, sizes, memory
  --hosts  3: beside one host a cluster on three, which are simulated on this machine (as root); --runs (5) of each
  --keep   leave the cluster running; the next run begins anew all the same

DBAAS_BENCH_PORT (18090) is the port of that cluster, dbaas-bench its name.
EOF
}

bench_program() {
  local terminal=()
  if [ -t 1 ]; then terminal=(--tty); fi
  docker run --rm --init "${terminal[@]+"${terminal[@]}"}" --name "$CLUSTER-program" --label dbaas-bench= \
    --network "$CLUSTER-net" --pid host --user "$(id -u):$(id -g)" --group-add "$(socket_group)" \
    --volume "${DBAAS_DOCKER_SOCKET:-/var/run/docker.sock}:/var/run/docker.sock" \
    --volume "$ROOT/tools/bench/results:/results" --volume "$BENCH_MANIFESTS:/manifests" \
    --env RESULTS_DIR=/results --env MANIFEST=/manifests/dbaas.yaml \
    --env "DBAAS_CLUSTER=$CLUSTER" --env "DBAAS_IMAGE=$TOOLS_IMAGE" \
    --env "RABBITMQ_URL=amqp://$RABBITMQ_USER:$RABBITMQ_PASSWORD@rabbitmq:5672" \
    "$TOOLS_IMAGE" node tools/bench/main.ts "$@"
}

bench_down() {
  local ids
  ids=$(docker ps --all --quiet --filter label=dbaas-bench)
  # shellcheck disable=SC2086  # a list of ids
  if [ -n "$ids" ]; then docker rm --force --volumes $ids >/dev/null; fi
  cluster_down --volumes
}

# Whether a command line of the torture asks for its help or for the list of faults: that needs no engine.
only_tells() {
  local argument
  for argument in "$@"; do
    case $argument in --help | -h | --list) return 0 ;; esac
  done
  return 1
}

# The torture brings a cluster of its own up and down by this very script, and reaches into it: it runs on the host.
run_torture() {
  check_settings
  lock_setup
  use_node
  has_host_modules || { ensure_compilers && install_host_modules; }
  if ! only_tells "$@"; then
    ensure_engine
    choose_images
    ensure_images zookeeper rabbitmq app
  fi
  unlock_setup
  if has flock && ! only_tells "$@"; then exec 8>"$STATE/torture.lock" && { flock -n 8 || die "another torture is running"; }; fi
  cd "$ROOT" || exit
  # The native ZooKeeper client tells of every lost connection, and here connections get lost all the time. An interrupt is
  # the program's to answer: it ends its run and takes its cluster down.
  node tools/torture/main.ts "$@" 2>&1 |
    (trap '' INT && grep --line-buffered --invert-match -e ZOO_ERROR -e '^yield:')
}
