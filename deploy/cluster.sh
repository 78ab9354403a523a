# shellcheck shell=bash
# Brings one cluster up and takes it down: `./dbaas up`, `down` and `logs`. Containers, volumes and the network carry the
# cluster's name, so several clusters live side by side; workers are found by their label.

# cluster_up [--swarm]
cluster_up() {
  case "$#:${1:-}" in
    0:) ;;
    1:--swarm)
      swarm_up
      return
      ;;
    *) usage_error "up takes --swarm only, not $*" ;;
  esac
  check_settings
  check_tls
  check_backups
  check_manifest
  lock_setup
  ensure_engine
  choose_images
  ensure_images zookeeper rabbitmq app
  ensure_credentials
  unlock_setup
  check_readable node "$(manifests)" dbaas.yaml
  check_readable controller "$(manifests)" dbaas.yaml
  if with_tls; then check_readable node "$DBAAS_TLS" tls.crt tls.key; fi
  if [ -n "${DBAAS_BACKUPS:-}" ]; then check_writable node "$(backups_place)"; fi
  say "starting $CLUSTER: zookeeper, rabbitmq, orchestrator"
  let_recover zookeeper rabbitmq orchestrator
  quietly "compose-$CLUSTER" compose up --detach --no-build
  wait_until_ready
  welcome
}

# let_recover SERVICE…: Compose gives up at once when a service that others need is paused or was found unhealthy. One that
# stood still is found healthy again only at its next check, some ten seconds after it goes on.
let_recover() {
  local name waits=0
  for name in "$@"; do
    name=$CLUSTER-$name
    if [ "$(state_of .State.Paused "$name")" = true ]; then
      say "$name is paused: it goes on"
      docker unpause "$name" >/dev/null
    fi
  done
  for name in "$@"; do
    name=$CLUSTER-$name
    is_unwell "$name" || continue
    if [ "$waits" = 0 ]; then waits=1 && start_progress "waiting until $name is healthy"; fi
    wait_until "${DBAAS_RECOVER_TIMEOUT:-60}" is_not_unwell "$name" ||
      die "$name runs, and is not healthy. What it says: docker logs $name; to start it anew: docker restart $name"
  done
  stop_progress
}

is_unwell() { [ "$(state_of .State.Running "$1") $(state_of .State.Health.Status "$1")" = "true unhealthy" ]; }

is_not_unwell() { ! is_unwell "$1"; }

# state_of FIELD CONTAINER: nothing when there is none.
state_of() { docker inspect --format "{{$1}}" "$2" 2>/dev/null || true; }

manifests() { (cd -- "${DBAAS_MANIFESTS:-$ROOT/manifests}" 2>/dev/null && pwd) || echo "${DBAAS_MANIFESTS:-$ROOT/manifests}"; }

# Compose with everything that docker-compose.yml asks for. Without credentials (down, after .dbaas was deleted) any do.
compose() {
  DBAAS_CLUSTER=$CLUSTER DBAAS_PORT=$PORT DBAAS_MANIFESTS=$(manifests) \
    DBAAS_BACKUPS=$(backups_place) DBAAS_TLS_FOLDER=$(tls_folder) DBAAS_INNER_PORT=$(if with_tls; then echo 443; else echo 80; fi) \
    RABBITMQ_USER=${RABBITMQ_USER:-none} RABBITMQ_PASSWORD=${RABBITMQ_PASSWORD:-none} \
    ZOOKEEPER_USER=${ZOOKEEPER_USER:-none} ZOOKEEPER_PASSWORD=${ZOOKEEPER_PASSWORD:-none} \
    "${COMPOSE[@]}" -p "$CLUSTER" -f "$ROOT/docker-compose.yml" "$@"
}

# A folder with tls.crt and tls.key, by which the API then speaks TLS; or an empty one.
tls_folder() {
  if with_tls; then
    (cd -- "$DBAAS_TLS" && pwd)
  else
    mkdir -p "$STATE/no-tls" && chmod 755 "$STATE/no-tls" && echo "$STATE/no-tls"
  fi
}

# The folder of this machine that scheduled backups go to, or the volume of that name.
backups_place() { if [ -n "${DBAAS_BACKUPS:-}" ]; then (cd -- "$DBAAS_BACKUPS" && pwd); else echo backups; fi; }

check_backups() {
  [ -z "${DBAAS_BACKUPS:-}" ] || [ -d "$DBAAS_BACKUPS" ] || die "DBAAS_BACKUPS=$DBAAS_BACKUPS: there is no such folder"
}

# check_writable USER FOLDER: by that user of the image.
check_writable() {
  local number
  docker run --rm --network none --user "$1" --volume "$2:/folder" --entrypoint test "$APP_IMAGE" -w /folder >/dev/null 2>&1 && return
  number=$(docker run --rm --network none --entrypoint id "$APP_IMAGE" -u "$1")
  die "the image's user $1, number $number, cannot write to $2. Give it the folder: sudo chown $number $2"
}

with_tls() { [ -n "${DBAAS_TLS:-}" ]; }

check_tls() {
  with_tls || return 0
  if [ ! -f "$DBAAS_TLS/tls.crt" ] || [ ! -f "$DBAAS_TLS/tls.key" ]; then
    die "DBAAS_TLS=$DBAAS_TLS: this folder should hold tls.crt and tls.key"
  fi
}

# check_readable USER FOLDER FILE…: by that user of the image, as which the API (node) or the controller runs. Where everybody may
# read, nothing is asked; elsewhere a container tells, for it alone knows how the engine maps users.
check_readable() {
  local user=$1 folder file
  folder=$(cd -P -- "$2" && pwd) && shift 2
  for file in "$@"; do
    if [ ! -e /sys/fs/selinux/enforce ] && [ -n "$(find "$folder" -maxdepth 0 -perm -005)" ] &&
      [ -n "$(find -L "$folder/$file" -maxdepth 0 -perm -004)" ] && [ ! -L "$folder/$file" ]; then continue; fi
    docker run --rm --network none --user "$user" --volume "$folder:/folder:ro" --entrypoint test \
      "$APP_IMAGE" -r "/folder/$file" >/dev/null 2>&1 ||
      die "the image's user $user, number $(docker run --rm --network none --entrypoint id "$APP_IMAGE" -u "$user"), cannot read $folder/$file." \
        "Let everybody read it, or that user: chmod o+rx $folder && chmod o+r $folder/$file"
  done
}

# Made once for a cluster. RabbitMQ and ZooKeeper keep them in their volumes, so a lost file is restored from containers.
ensure_credentials() {
  local file=$STATE/$CLUSTER.env
  if [ ! -f "$file" ]; then restore_credentials "$file"; fi
  # A cluster of an earlier version lacks some. What its ZooKeeper holds was open, and is closed from now on.
  add_credentials RABBITMQ "$file"
  add_credentials ZOOKEEPER "$file"
  # shellcheck source=/dev/null
  . "$file"
}

restore_credentials() {
  local known
  known=$(environment_of rabbitmq | sed -nE 's/^RABBITMQ_DEFAULT_USER=(.+)/RABBITMQ_USER=\1/p; s/^RABBITMQ_DEFAULT_PASS=(.+)/RABBITMQ_PASSWORD=\1/p'
    environment_of orchestrator | sed -nE 's/^ZOOKEEPER=([^:@]+):([^:@]+)@.*/ZOOKEEPER_USER=\1\nZOOKEEPER_PASSWORD=\2/p')
  # A cluster that `docker compose up` started has them in a volume.
  if [[ $known != *RABBITMQ_PASSWORD=* ]] && docker volume inspect "$CLUSTER-credentials" >/dev/null 2>&1; then
    known=$(docker run --rm --network none --volume "$CLUSTER-credentials:/credentials:ro" --entrypoint cat \
      "$APP_IMAGE" /credentials/credentials.env 2>/dev/null || true)
  fi
  if [[ $known != *RABBITMQ_PASSWORD=* ]] && docker volume inspect "$CLUSTER-rabbitmq-data" >/dev/null 2>&1; then
    die "the data of $CLUSTER is there, but the passwords of its broker and its ZooKeeper ($1) are gone." \
      "Put the file back, or start anew: ./dbaas down --volumes (this deletes the data of $CLUSTER)"
  fi
  (umask 077 && printf '%s\n' "$known" >"$1")
}

environment_of() {
  docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$CLUSTER-$1" 2>/dev/null || true
}

# add_credentials SERVICE FILE
add_credentials() {
  grep -q "^$1_PASSWORD=" "$2" && return
  printf '%s_USER=dbaas\n%s_PASSWORD=%s\n' "$1" "$1" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" >>"$2"
}

wait_until_ready() {
  local seconds=${DBAAS_UP_TIMEOUT:-180} hint="What it says: ./dbaas logs --all"
  if is_paused; then
    # It starts no workers: those that are there get ready within moments, or not at all.
    seconds=${DBAAS_UP_TIMEOUT:-20} hint="Its manifest pauses the controller, which starts no workers: ./dbaas resume"
  fi
  say "waiting for a master and a slave"
  start_progress "the first start of a cluster takes some ten seconds"
  wait_until "$seconds" serves_with_slave || die "$CLUSTER did not become ready in time. $hint"
  stop_progress
}

is_paused() { grep -Eqs '^ +paused: +true\b' "$(manifests)/dbaas.yaml"; }

# The API has a master, and the controller calls these very workers ready: a status left from an earlier run names other pids.
# Where only the holders of a token may see that, the master has to do.
serves_with_slave() {
  local status pids pid
  [[ $(api_get /readyz) == "HTTP/1.1 2"* ]] || return 1
  status=$(api_get /api/v1/status)
  [[ $status != "HTTP/1.1 401"* ]] || return 0
  [[ $status == *'"type":"Ready","status":"True"'* ]] || return 1
  pids=$(api_get /api/v1/worker/list | tail -n 1)
  [[ $pids == *[0-9],[0-9]* ]] || return 1
  for pid in ${pids//[^0-9]/ }; do [[ $status == *"\"pid\":$pid,"* ]] || return 1; done
}

# bash speaks no TLS: with it, the API is asked from inside its container, where port 80 still is.
api_get() {
  if with_tls; then
    within 5 docker exec "$CLUSTER-orchestrator" bash -c "$http_request" _ 80 "$1" 2>/dev/null || true
  else
    http_get "$PORT" "$1"
  fi
}

# answers PORT PATH: with a status of success.
answers() { [[ $(http_get "$1" "$2") == "HTTP/1.1 2"* ]]; }

# http_get PORT PATH: by bash alone, since a fresh machine may have no curl.
http_get() { within 5 bash -c "$http_request" _ "$1" "$2" 2>/dev/null || true; }

# shellcheck disable=SC2016  # the inner shell expands them
http_request='exec 3<>"/dev/tcp/127.0.0.1/$1" &&
  printf "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" "$2" >&3 && cat <&3'

welcome() {
  local url=http://localhost:$PORT
  if with_tls; then url=https://localhost:$PORT; fi
  case $url in http://*:80 | https://*:443) url=${url%:*} ;; esac
  say "$CLUSTER is up on $url"
  echo
  docker exec "$(orchestrator)" node cli/main.ts get workers 2>/dev/null ||
    api_get /api/v1/worker/list | tail -n 1
  cat <<EOF

Try:
  curl $url/api/v1/worker/list
  curl -X POST $url/api/v1/db/write -H 'Content-Type: application/json' -d '{"op":"insert","table":"users","rows":[{"username":"ann","password":"3d725109c7e7c0bfb9d709836735b56d943d263f"}]}'
  curl -X POST $url/api/v1/db/read -H 'Content-Type: application/json' -d '{"table":"users"}'
EOF
}

cluster_down() {
  local volumes=()
  case "${1:-}" in
    "") ;;
    --volumes) volumes=(--volumes) ;;
    *) usage_error "down takes --volumes only, not $1" ;;
  esac
  check_settings
  engine_answers || die "no Docker engine answers, so nothing of $CLUSTER is running"
  if [ -n "$(swarm_services)" ]; then
    swarm_down "${volumes[@]+"${volumes[@]}"}"
    tell_down "${volumes[@]+"${volumes[@]}"}"
    return
  fi
  ensure_engine
  start_progress "stopping $CLUSTER"
  # The controller first: it would replace the workers.
  docker stop --time 12 "$CLUSTER-orchestrator" >/dev/null 2>&1 || true
  remove_workers "${volumes[@]+"${volumes[@]}"}"
  stop_progress
  example_down
  # Of this one and of `docker compose up` as well.
  quietly "compose-$CLUSTER" compose -f "$ROOT/docker-compose.override.yml" down "${volumes[@]+"${volumes[@]}"}"
  if [ ${#volumes[@]} -gt 0 ]; then
    rm -f "$STATE/$CLUSTER.env"
    # Compose 2 overlooks this one where a folder takes its place.
    docker volume rm "$CLUSTER-no-tls" >/dev/null 2>&1 || true
  fi
  tell_down "${volumes[@]+"${volumes[@]}"}"
}

tell_down() { say "$CLUSTER is down$([ $# -gt 0 ] && echo ', its data is deleted' || echo '; its data stays (--volumes deletes it)')"; }

# remove_workers [--volumes]: what the controller made for this cluster, and only that.
remove_workers() {
  local mine="label=dbaas.cluster=$CLUSTER" ids
  # Another's container may bear the label; only the controller's bear the name as well.
  ids=$(docker ps --all --quiet --filter "$mine" --filter "name=^/?$CLUSTER-w-[0-9]+\$")
  if [ -n "$ids" ]; then
    # shellcheck disable=SC2086  # a list of ids
    if [ $# = 0 ]; then docker stop --time 5 $ids >/dev/null; fi
    # shellcheck disable=SC2086
    docker rm --force $ids >/dev/null
  fi
  if [ $# = 0 ]; then return; fi
  ids=$(docker volume ls --quiet --filter "$mine")
  # shellcheck disable=SC2086
  if [ -n "$ids" ]; then docker volume rm $ids >/dev/null; fi
}

# The controller's lines of the orchestrator's output, and the lines that continue one; --all shows every program's.
cluster_logs() {
  local follow=0 all=0 argument container
  for argument in "$@"; do
    case $argument in
      -f | --follow) follow=1 ;;
      --all) all=1 ;;
      *) usage_error "logs takes -f and --all, not $argument" ;;
    esac
  done
  engine_answers || die "no Docker engine answers"
  container=$(orchestrator)
  if [ -z "$(state_of .Id "$container")" ]; then
    printf 'dbaas: %s\n' "there is no container $container; ./dbaas up starts it" >&2
    exit 3
  fi
  if [ "$follow" = 1 ]; then
    end_with_reader $$ &
    if [ "$all" = 1 ]; then exec docker logs --follow "$container" 2>&1; fi
    # This process becomes the one that reads the log; the filter ends with it. By sed: awk may wait for more than a line.
    exec docker logs --follow "$container" > >(exec sed -u -E "$controller_lines") 2>&1
  fi
  if [ "$all" = 1 ]; then exec docker logs "$container" 2>&1; fi
  docker logs "$container" 2>&1 | sed -E "$controller_lines"
}

# A line that continues another follows it: each is looked at together with the last one that began.
controller_lines='
  /^[[{0-9]/h
  G
  /\n[^ ]+ [A-Z]+.*: controller: |\n.*"program":"controller"/P
  d'
