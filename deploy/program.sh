# shellcheck shell=bash
# The command line program runs in the orchestrator's container, which has memory and processes for its own work. So what
# runs there is bounded in number, is the first to go when memory is short, and ends with the command that started it.

# in_orchestrator COMMAND ARGUMENT…: this process becomes the command. Its input is a pipe that nothing is ever written to:
# the engine closes it when this process is gone, however it went, and the program ends by that.
in_orchestrator() { given_file '' "$@"; }

# given_file FILE COMMAND ARGUMENT…: the same with a file to read, unless that is empty. How long it is goes ahead: the pipe stays
# open behind it.
given_file() {
  local file=$1 bytes=0 pipe terminal=''
  shift
  engine_answers || die "no Docker engine answers; ./dbaas up starts the service"
  require_orchestrator
  if [ -t 1 ]; then terminal=1; fi
  pipe=$(mktemp -d)
  mkfifo "$pipe/pipe"
  exec 5<>"$pipe/pipe"
  if [ -n "$file" ]; then
    bytes=$(($(wc -c <"$file")))
    exec 8>"$pipe/pipe"
    give_file "$file" $$ >&8 5>&- 7<&- 8>&- &
    exec 8>&-
  fi
  rm -r "$pipe"
  if lasts "$@"; then end_with_reader $$ & fi
  set_program "$@"
  exec docker exec --user node --interactive --env DBAAS_TOKEN --env DBAAS_ENDS_WITH_INPUT=1 --env "DBAAS_INPUT_BYTES=$bytes" \
    --env "DBAAS_TERMINAL=$terminal" --env "DBAAS_PROGRESS=$(progress_shown)" "${PROGRAM[@]}" <&5 5>&- 7<&-
}

progress_shown() { if [ -t 2 ]; then echo 1; fi; }

# give_file FILE PID: ends that process when the file cannot be read to its end. It itself ends when nobody reads any more.
give_file() {
  local code=0
  cat -- "$1" || code=$?
  [ "$code" != 1 ] || end_process "$2"
}

# accept_loss ARGUMENT…: shows what would be lost, asks unless --yes is given, and has it accepted.
accept_loss() {
  local argument
  for argument in "$@"; do
    case $argument in -y | --yes | -h | --help) in_orchestrator accept-loss "$@" ;; esac
  done
  (in_orchestrator accept-loss "$@") || exit $?
  agreed "Accept the loss?" || die "nothing was changed"
  in_orchestrator accept-loss --yes "$@"
}

# As the command line program says it: 3 when there is nothing to ask.
require_orchestrator() {
  [ "$(state_of .State.Running "$(orchestrator)")" = true ] && return
  printf 'dbaas: %s\n' "$CLUSTER is not running; ./dbaas up starts it" >&2
  exit 3
}

# The orchestrator's container on this host; on a Swarm its name is the engine's, and a label tells it.
orchestrator() {
  local name=$CLUSTER-orchestrator id=''
  if [ -z "$(state_of .Id "$name")" ]; then id=$(container_of orchestrator 2>/dev/null || true); fi
  echo "${id:-$name}"
}

# ask_program ARGUMENT…: with this function's input as the program's.
ask_program() {
  set_program "$@"
  docker exec --user node --interactive "${PROGRAM[@]}"
}

# lasts ARGUMENT…: whether it goes on by itself, or waits for the cluster.
lasts() {
  local argument
  case $1 in wait | backup | restore | export) return 0 ;; esac
  [ $# != 1 ] || [ "$1" != sql ] || return 0
  for argument in "$@"; do
    case $argument in --watch | --wait | -w | -[!-]*w*) return 0 ;; esac
  done
  return 1
}

# set_program ARGUMENT…: sets PROGRAM to the container and what is to be started in it. Short commands wait for a place.
set_program() {
  local kind=short places=4 patience=60
  if lasts "$@"; then kind=lasting places=8 patience=0; fi
  PROGRAM=("$(orchestrator)" bash -c "$enter_program" dbaas "$kind" "$places" "$patience" "$@")
}

# Runs in the container. A place is a lock that the program holds until it ends; few may wait for one.
# shellcheck disable=SC2016  # the inner shell expands them
enter_program='
  kind=$1 places=$2 patience=$3 && shift 3
  echo 1000 2>/dev/null >/proc/self/oom_score_adj
  refuse() {
    echo "dbaas: $1" >&2
    exit 3
  }
  take() {
    local place
    for ((place = 1; place <= $2; place++)); do
      eval "exec $3>/tmp/dbaas-$1.$place" && flock --nonblock "$3" && return
    done
    return 1
  }
  take waiting 16 8 || refuse "too many commands wait in this cluster already"
  until take "$kind" "$places" 9; do
    if [ "$kind" = lasting ]; then refuse "$places commands watch or wait in this cluster already: end one of them first"; fi
    ((SECONDS < patience)) || refuse "$places commands run in this cluster already, and none ended within $patience s"
    read -r -t 0.2 <> <(:)
  done
  exec node --max-old-space-size=128 --max-semi-space-size=2 cli/main.ts "$@" 8>&-'

# end_with_reader PID: ends that process, which writes to this script's output, once the output leads nowhere. By itself it
# would notice only when it next has something to write. A pipe without a reader is "ready", a closed terminal is none.
end_with_reader() {
  local open
  if [ -t 1 ]; then open='[ -t 1 ]'; elif [ -p /dev/fd/1 ]; then open='! read -r -t 0 -u 1'; else return 0; fi
  while kill -0 "$1" 2>/dev/null && eval "$open"; do sleep 0.5 >/dev/null 2>&1; done
  end_process "$1"
}

end_process() {
  kill "$1" 2>/dev/null || return 0
  sleep 2 >/dev/null 2>&1
  kill -KILL "$1" 2>/dev/null || true
}
