# shellcheck shell=bash
# One cluster on three hosts of a Docker Swarm: `./dbaas up --swarm` and the `down` of it. Each host has the number 1, 2 or 3 (the
# node's label dbaas) and a stack of its own, CLUSTER-NUMBER, so that a change is brought to one host after the other.

HOST_NUMBERS=(1 2 3)
SWARM_LABEL=dbaas.stack

swarm_up() {
  check_settings
  ! with_tls || die "TLS is not offered on several hosts yet: let what stands before them speak it"
  lock_setup
  ensure_daemon
  check_swarm
  # Only the first start reads it.
  has_config manifest || check_manifest
  choose_images
  ensure_images zookeeper rabbitmq app
  number_hosts
  make_secrets
  make_configs
  make_network
  unlock_setup
  # A manager that has not heard a host for three of these ends all of its containers, as soon as it can. A leading manager that is cut
  # off hears none of the others, and goes on leading for up to 20 s: with less than 10 s it would end what runs on all of them once it
  # is back. Nothing waits for it: that a host is away is seen by its note in ZooKeeper.
  docker swarm update --dispatcher-heartbeat 10s >/dev/null
  if [ -z "$(swarm_services)" ]; then
    start_hosts
    complete_brokers
  else
    take_in_new_hosts
    complete_brokers
    change_hosts
  fi
  remove_old_configs
  wait_until_ready
  welcome
}

# check_swarm: this host is a manager, most managers answer, and three are there or known.
check_swarm() {
  local state
  state=$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}' 2>/dev/null)
  case $state in
    "active true") ;;
    active*) die "this host is a worker of its Swarm, and has to be a manager: docker node promote HOST, on a manager" ;;
    *)
      die "this host is in no Swarm. Three hosts make one:" \
        "  on the first:       docker swarm init --advertise-addr ITS-ADDRESS" \
        "                      docker swarm join-token manager" \
        "  on the two others:  what the last command printed" \
        "Then ./dbaas up --swarm on any of them"
      ;;
  esac
  hosts_of_swarm >/dev/null ||
    die "the Swarm does not answer: most of its managers have to run. docker node ls says more on each host." \
      "If the others will not come back: docker swarm init --force-new-cluster"
}

# A line for each manager: id, number or -, ready or away, name. Ordered by name, so that the first start numbers them by it.
hosts_of_swarm() {
  local ids
  ids=$(within 20 docker node ls --filter role=manager --quiet) || return 1
  # shellcheck disable=SC2086  # a list of ids
  docker node inspect --format '{{.ID}} {{with index .Spec.Labels "dbaas"}}{{.}}{{else}}-{{end}} {{.Status.State}} {{.Description.Hostname}}' $ids |
    awk '{ print $1, $2, $3 == "ready" ? "ready" : "away", $4 }' | sort -k 4
}

# Numbers stay with their hosts. One that left the Swarm (docker node rm) leaves its number to a new one.
number_hosts() {
  local hosts number line id name
  hosts=$(hosts_of_swarm)
  for number in "${HOST_NUMBERS[@]}"; do
    line=$(awk -v number="$number" '$2 == number' <<<"$hosts")
    [ "$(grep -c . <<<"$line")" -le 1 ] || die "several hosts of the Swarm have the label dbaas=$number; take it from all but one: docker node update --label-rm dbaas HOST"
    if [ -n "$line" ]; then
      if [[ $line == *" away "* ]]; then say "host ${line##* } (number $number) is away"; fi
      continue
    fi
    line=$(awk '$2 == "-" && $3 == "ready"' <<<"$hosts" | head -n 1)
    [ -n "$line" ] || die "three managers are needed, and no host is there for number $number. The Swarm has: $(awk '{ printf "%s%s (%s)", sep, $4, $3; sep = ", " }' <<<"$hosts")." \
      "On another host: docker swarm join with the token that docker swarm join-token manager prints"
    read -r id _ _ name <<<"$line"
    forget_broker "$number"
    docker node update --label-add "dbaas=$number" "$id" >/dev/null
    say "host $name has number $number"
    hosts=$(hosts_of_swarm)
  done
}

# The brokers still know the one of a host that left: its successor, of the same name, would not be let in.
forget_broker() {
  local broker
  broker=$(container_of rabbitmq)
  [ -n "$broker" ] || return 0
  if in_broker rabbitmqctl -q cluster_status --formatter json 2>/dev/null | grep -q "\"rabbit@rabbitmq-$1\""; then
    say "the brokers forget the one of the host that had number $1"
    quietly forget-broker in_broker rabbitmqctl -q forget_cluster_node "rabbit@rabbitmq-$1"
  fi
}

# container_of PART: of this cluster, on this host; nothing where none runs.
container_of() { docker ps --quiet --filter "label=$SWARM_LABEL=$CLUSTER" --filter "label=dbaas.part=$1" | head -n 1; }

# within_broker SECONDS TOOL…: by the entry point, which knows where an image keeps its commands.
within_broker() { within "$1" docker exec "$(container_of rabbitmq)" docker-entrypoint.sh "${@:2}"; }

in_broker() { within_broker 120 "$@"; }

# of_broker NUMBER COMMAND…: the same broker's tool, about another host's.
of_broker() { in_broker rabbitmqctl -q -n "rabbit@rabbitmq-$1" "${@:2}"; }

# Made once. Brokers and ZooKeeper keep the passwords in their volumes, so they stay as long as those do.
make_secrets() {
  if has_all_secrets; then return; fi
  ensure_credentials
  local brokers servers
  brokers=$(printf ",rabbitmq-%s:5672" "${HOST_NUMBERS[@]}")
  servers=$(printf ",zookeeper-%s:2181" "${HOST_NUMBERS[@]}")
  make_secret erlang-cookie "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
  make_secret rabbitmq-user "default_user = $RABBITMQ_USER
default_pass = $RABBITMQ_PASSWORD"
  make_secret rabbitmq-url "amqp://$RABBITMQ_USER:$RABBITMQ_PASSWORD@${brokers#,}"
  make_secret zookeeper-servers "$ZOOKEEPER_USER:$ZOOKEEPER_PASSWORD@${servers#,}"
}

SECRETS=(erlang-cookie rabbitmq-user rabbitmq-url zookeeper-servers)

has_all_secrets() { docker secret inspect "${SECRETS[@]/#/$CLUSTER-}" >/dev/null 2>&1; }

make_secret() { # NAME CONTENT
  if ! docker secret inspect "$CLUSTER-$1" >/dev/null 2>&1; then
    printf '%s\n' "$2" | docker secret create --label "$SWARM_LABEL=$CLUSTER" "$CLUSTER-$1" - >/dev/null
  fi
}

# A config cannot be changed: what a file holds is part of the name. The manifest is the first one only; from then on it is in
# ZooKeeper, and this config stays what it is.
make_configs() {
  DBAAS_ZOO_CFG=$(cat "$ROOT/deploy/zoo.cfg" "$ROOT/deploy/zoo-swarm.cfg" | make_config zoo-cfg)
  DBAAS_ZOO_NAMES=$(make_config zoo-names <"$ROOT/deploy/zoo-names.properties")
  DBAAS_RABBITMQ_CONF=$(cat "$ROOT/deploy/rabbitmq.conf" "$ROOT/deploy/rabbitmq-swarm.conf" | make_config rabbitmq-conf)
  DBAAS_RABBITMQ_PLUGINS=$(make_config rabbitmq-plugins <"$ROOT/deploy/rabbitmq-plugins")
  DBAAS_RABBITMQ_WATCH=$(make_config rabbitmq-watch <"$ROOT/deploy/broker-watch.sh")
  if ! has_config manifest; then
    docker config create --label "$SWARM_LABEL=$CLUSTER" "$CLUSTER-manifest" "$(manifests)/dbaas.yaml" >/dev/null
    if grep -qE '^ *sessionTimeout: *4s\b' "$(manifests)/dbaas.yaml"; then
      say "failover.sessionTimeout is 4s, which suits one host: with 2s the loss of a host is noticed sooner (./dbaas apply, docs/several-hosts.md)"
    fi
  fi
}

has_config() { docker config inspect "$CLUSTER-$1" >/dev/null 2>&1; }

# make_config NAME: of standard input; prints what it is called.
make_config() {
  local text name
  text=$(cat)
  name=$CLUSTER-$1-$(checksum <<<"$text")
  docker config inspect "$name" >/dev/null 2>&1 || docker config create --label "$SWARM_LABEL=$CLUSTER" "$name" - <<<"$text" >/dev/null
  echo "$name"
}

# Those that a service uses cannot be removed, and are not.
remove_old_configs() {
  local name
  for name in $(docker config ls --quiet --filter "label=$SWARM_LABEL=$CLUSTER"); do docker config rm "$name" >/dev/null 2>&1 || true; done
}

make_network() {
  docker network inspect "$CLUSTER-net" >/dev/null 2>&1 ||
    docker network create --driver overlay --attachable --label "$SWARM_LABEL=$CLUSTER" "$CLUSTER-net" >/dev/null ||
    die "the network $CLUSTER-net cannot be made"
  [ "$(docker network inspect --format '{{.Driver}}' "$CLUSTER-net")" = overlay ] ||
    die "the network $CLUSTER-net is one of this host alone: first take down the cluster of that name that runs on it (./dbaas down)"
}

swarm_services() { docker service ls --quiet --filter "label=$SWARM_LABEL=$CLUSTER" 2>/dev/null; }

# The brokers and the servers of the first start need each other.
start_hosts() {
  local number
  say "starting $CLUSTER on three hosts: zookeeper, rabbitmq, orchestrator"
  for number in "${HOST_NUMBERS[@]}"; do deploy_host "$number"; done
  for number in "${HOST_NUMBERS[@]}"; do wait_for_host "$number"; done
}

# First of all: the others can be done without only once the queues have copies there.
take_in_new_hosts() {
  local number
  for number in $(new_hosts); do
    deploy_host "$number"
    wait_for_host "$number"
  done
}

complete_brokers() {
  join_brokers
  complete_replicas
}

# One host after the other, each only when the service can do without it. What is unchanged goes on running.
change_hosts() {
  local number any_changed=no
  for number in "${HOST_NUMBERS[@]}"; do
    if is_away "$number"; then continue; fi
    if ! is_as_wanted "$number"; then
      any_changed=yes
      say "bringing host $number to what is wanted"
      can_do_without "$number"
      deploy_host "$number"
    fi
    wait_for_host "$number"
  done
  # One whose broker was down before may lack copies.
  if [ "$any_changed" = yes ]; then complete_brokers; fi
}

# Each service bears a checksum of all that it was made from.
is_as_wanted() {
  [ "$(docker stack services --quiet "$CLUSTER-$1" | xargs -r docker service inspect --format '{{index .Spec.Labels "dbaas.revision"}}')" = \
    "$(printf '%s\n' "$(revision)" "$(revision)" "$(revision)")" ]
}

is_away() { hosts_of_swarm | grep -q " $1 away "; }

# can_do_without NUMBER: each queue and the log have a majority on the other hosts.
can_do_without() {
  start_progress "waiting until the brokers can do without the one of host $1"
  wait_until "${DBAAS_UP_TIMEOUT:-180}" broker_is_spare "$1" ||
    die "a queue would lose its majority without the broker of host $1; nothing was changed there." \
      "docker exec $(container_of rabbitmq) rabbitmq-queues check_if_node_is_quorum_critical says more"
  stop_progress
}

# One that the own broker's tool does not reach (69) is to spare: nothing counts on it. Where the tool itself fails nothing is known.
broker_is_spare() {
  local code=0
  [ -n "$(container_of rabbitmq)" ] || return
  in_broker rabbitmq-diagnostics -q -n "rabbit@rabbitmq-$1" ping >/dev/null 2>&1 || code=$?
  case $code in
    0) is_together "$1" && within_broker 20 rabbitmq-queues -q -n "rabbit@rabbitmq-$1" check_if_node_is_quorum_critical >/dev/null 2>&1 ;;
    69) ;;
    *) return 1 ;;
  esac
}

# Its broker runs, and its tables of queues are those of the others: one whose are apart is ended by broker-watch.sh before long.
is_together() {
  within_broker 20 rabbitmqctl -q -n "rabbit@rabbitmq-$1" \
    eval 'rabbit:is_running() andalso rabbit_node_monitor:partitions() =:= [].' 2>/dev/null | grep -qx true
}

# What stack.yml asks for, the host's number aside. Exported to whatever is run.
with_stack_variables() {
  DBAAS_CLUSTER=$CLUSTER DBAAS_PORT=$PORT DBAAS_ZOO_CFG=$DBAAS_ZOO_CFG DBAAS_ZOO_NAMES=$DBAAS_ZOO_NAMES DBAAS_RABBITMQ_CONF=$DBAAS_RABBITMQ_CONF \
    DBAAS_RABBITMQ_PLUGINS=$DBAAS_RABBITMQ_PLUGINS DBAAS_RABBITMQ_WATCH=$DBAAS_RABBITMQ_WATCH DBAAS_IMAGE=$(on_every_host "$APP_IMAGE") \
    ZOOKEEPER_IMAGE=$(on_every_host "$ZOOKEEPER_IMAGE") RABBITMQ_IMAGE=$(on_every_host "$RABBITMQ_IMAGE") "$@"
}

# A checksum of stack.yml and of every variable that it names.
revision() {
  # shellcheck disable=SC2016  # sed's own
  with_stack_variables env | grep -xE "($(sed -nE 's/.*\$\{([A-Z_]+).*/\1/p' "$ROOT/deploy/stack.yml" | grep -vE '_(NUMBER|REVISION)$' | sort -u | paste -sd '|' -))=.*" |
    sort | cat - "$ROOT/deploy/stack.yml" | checksum
}

deploy_host() { # NUMBER
  local revision
  revision=$(revision)
  DBAAS_HOST_NUMBER=$1 DBAAS_REVISION=$revision with_stack_variables \
    quietly "stack-$CLUSTER-$1" docker stack deploy --with-registry-auth --resolve-image never --compose-file "$ROOT/deploy/stack.yml" "$CLUSTER-$1"
  # The update of a service begins within a second.
  sleep 1
}

# on_every_host IMAGE: as a registry knows it, by its digest; one that was built or loaded, by its id. An engine tries to pull what is
# named otherwise at each start of a container, and waits up to 20 s where it reaches no registry.
on_every_host() {
  docker image inspect --format '{{if .RepoDigests}}{{index .RepoDigests 0}}{{else}}{{.Id}}{{end}}' "$1"
}

# wait_for_host NUMBER: until its broker and its ZooKeeper server are in their clusters.
wait_for_host() {
  start_progress "waiting for the broker and the ZooKeeper server of host $1"
  wait_until "${DBAAS_UP_TIMEOUT:-180}" host_runs "$1" || die "host $1 does not run its parts in time: docker stack ps --no-trunc $CLUSTER-$1" \
    "$(docker stack ps --no-trunc --format '{{if .Error}}{{.Name}}: {{.Error}}{{end}}' "$CLUSTER-$1" 2>/dev/null | sort -u | grep . | head -n 5)"
  stop_progress
}

host_runs() {
  refuse_missing_images "$1"
  [ "$(docker stack ps --filter desired-state=running --format '{{.CurrentState}}' "$CLUSTER-$1" 2>/dev/null | grep -c ^Running)" = 3 ] &&
    ! docker stack services --quiet "$CLUSTER-$1" | xargs docker service inspect --format '{{with .UpdateStatus}}{{.State}}{{end}}' | grep -qx updating &&
    serves_zookeeper "$1" && is_together "$1"
}

refuse_missing_images() {
  docker stack ps --no-trunc --format '{{.Error}}' "$CLUSTER-$1" 2>/dev/null | head -n 6 | grep -q 'No such image' || return 0
  die "host $1 lacks an image. Load them there, from this host:" \
    "  docker save $APP_IMAGE $ZOOKEEPER_IMAGE $RABBITMQ_IMAGE | ssh $(hosts_of_swarm | awk -v number="$1" '$2 == number { print $4 }') docker load" \
    "then ./dbaas up --swarm again. Or name images of a registry that every host reaches: DBAAS_IMAGE, ZOOKEEPER_IMAGE, RABBITMQ_IMAGE"
}

# From the network of the hosts, by what runs on this one.
serves_zookeeper() {
  # shellcheck disable=SC2016  # the inner shell expands them
  within 5 docker exec "$(container_of zookeeper)" bash -c 'exec 3<>"/dev/tcp/zookeeper-$0/2181" && echo srvr >&3 && grep -qE "^Mode: (leader|follower)" <&3' "$1" >/dev/null 2>&1
}

# A broker looks for the others at its first start, and not where it takes that for a later one: a new one that the others have sent their log's
# records to before begins a cluster of its own. Only one is told to join that is alone and has no log, and only by one that is not alone.
join_brokers() {
  local number
  for number in $(new_hosts); do
    if ! is_broker_alone "$number"; then continue; fi
    say "the broker of host $number joins the others"
    quietly join-broker join_broker "$number"
    wait_for_host "$number"
  done
}

# It is started again whatever comes of it: one that stays stopped would be no broker that can be told to join.
join_broker() { # NUMBER
  local code=0 own
  own=$(docker exec "$(container_of rabbitmq)" printenv RABBITMQ_NODENAME)
  { of_broker "$1" stop_app && of_broker "$1" reset && of_broker "$1" join_cluster "$own"; } || code=$?
  of_broker "$1" start_app && return "$code"
}

# The numbers of those that are there, and whose brokers the one of this host does not know though it knows others.
new_hosts() {
  local own known number
  own=$(docker exec "$(container_of rabbitmq)" printenv RABBITMQ_NODENAME 2>/dev/null) || return 0
  known=$(brokers_known_by "${own#*-}")
  if [ "$(wc -l <<<"$known")" -lt 2 ]; then return; fi
  for number in "${HOST_NUMBERS[@]}"; do
    if ! grep -qx "rabbit@rabbitmq-$number" <<<"$known" && ! is_away "$number"; then echo "$number"; fi
  done
}

is_broker_alone() {
  [ "$(brokers_known_by "$1")" = "rabbit@rabbitmq-$1" ] &&
    of_broker "$1" list_queues name --no-table-headers 2>/dev/null | awk '$1 == "syncQ" { has = 1 } END { exit has }'
}

brokers_known_by() {
  of_broker "$1" cluster_status --formatter json 2>/dev/null | grep -oE 'rabbit@rabbitmq-[0-9]+' | sort -u || true
}

# A broker that is new in the cluster has no copy of the queues and the log until it is told to.
complete_replicas() {
  local number name queues running
  queues=$(in_broker rabbitmqctl -q list_queues name type members --no-table-headers 2>/dev/null) || return 0
  running=$(in_broker rabbitmqctl -q cluster_status --formatter json 2>/dev/null | grep -oE '"running_nodes":\[[^]]*\]') || return 0
  for number in "${HOST_NUMBERS[@]}"; do
    if ! grep -q "\"rabbit@rabbitmq-$number\"" <<<"$running"; then continue; fi
    while IFS= read -r name; do
      say "the log $name gets a copy on host $number"
      quietly replica in_broker rabbitmq-streams -q add_replica "$name" "rabbit@rabbitmq-$number"
    done < <(awk -F '\t' -v node="rabbitmq-$number" '$2 == "stream" && index($3, node) == 0 { print $1 }' <<<"$queues")
    if awk -F '\t' -v node="rabbitmq-$number" '$2 == "quorum" && index($3, node) == 0 { lacks = 1 } END { exit !lacks }' <<<"$queues"; then
      say "the queues get copies on host $number"
      quietly replica in_broker rabbitmq-queues -q grow "rabbit@rabbitmq-$number" all
    fi
  done
}

# swarm_down [--volumes]: the orchestrators first, which would replace the workers.
swarm_down() {
  local number services
  start_progress "stopping $CLUSTER on every host"
  for number in "${HOST_NUMBERS[@]}"; do docker service scale --detach "$CLUSTER-${number}_orchestrator=0" >/dev/null 2>&1 || true; done
  wait_until 25 has_no_orchestrator || true
  services=$(docker service ls --quiet --filter "label=dbaas.cluster=$CLUSTER")
  # shellcheck disable=SC2086  # a list of ids
  if [ -n "$services" ]; then docker service rm $services >/dev/null; fi
  for number in "${HOST_NUMBERS[@]}"; do docker stack rm "$CLUSTER-$number" >/dev/null 2>&1 || true; done
  wait_until 60 remove_network || die "containers of $CLUSTER are still there after a minute; ./dbaas down again, or docker node ps on each host"
  remove_old_configs
  if [ $# -gt 0 ]; then
    remove_volumes_everywhere
    docker secret ls --quiet --filter "label=$SWARM_LABEL=$CLUSTER" | xargs -r docker secret rm >/dev/null
    rm -f "$STATE/$CLUSTER.env"
  fi
  stop_progress
}

has_no_orchestrator() {
  local number
  for number in "${HOST_NUMBERS[@]}"; do [ -z "$(docker service ps --quiet "$CLUSTER-${number}_orchestrator" 2>/dev/null)" ] || return 1; done
}

# A network goes only when no container on any host is in it.
remove_network() {
  docker network inspect "$CLUSTER-net" >/dev/null 2>&1 || return 0
  docker network rm "$CLUSTER-net" >/dev/null 2>&1
}

# Volumes are each engine's own: on every host that can be seen a container removes those of this cluster. It stays until its service is
# removed, which takes it away on every host; a Swarm's job leaves its ended container behind at times.
remove_volumes_everywhere() {
  local remover=$CLUSTER-volumes hosts image
  image=$(on_every_host "$APP_IMAGE" 2>/dev/null) || die "the image $APP_IMAGE is missing here, by which volumes on the other hosts are removed"
  docker service rm "$remover" >/dev/null 2>&1 || true
  docker service create --quiet --detach --mode global --name "$remover" --no-resolve-image --restart-condition none \
    --constraint node.role==manager --user root --mount "type=bind,source=${DBAAS_DOCKER_SOCKET:-/var/run/docker.sock},target=/var/run/docker.sock" \
    --health-cmd 'test -e /tmp/removed' --health-interval 1s --health-retries 90 \
    --env "DBAAS_CLUSTER=$CLUSTER" "$image" node --input-type=module --eval "$(cat "$ROOT/deploy/remove-volumes.mjs")" >/dev/null
  hosts=$(hosts_of_swarm | awk '$2 != "-" && $3 == "ready"' | wc -l)
  wait_until 90 has_removed "$remover" "$hosts" || {
    docker service ps --no-trunc "$remover" >&2
    die "the volumes of $CLUSTER could not be removed on every host"
  }
  docker service rm "$remover" >/dev/null
  if hosts_of_swarm | grep -q ' away '; then
    say "a host that is away keeps its volumes; there, once it is back: docker volume ls --filter name=$CLUSTER-"
  fi
}

# A Swarm calls a container running once it is healthy.
has_removed() { [ "$(docker service ps --format '{{.CurrentState}}' "$1" | grep -c ^Running)" -ge "$2" ]; }
