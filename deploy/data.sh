# shellcheck shell=bash
# The commands that read and write files of this machine. They run where the others do, unless DBAAS_URL names a service elsewhere:
# then on this machine's own Node.js, without Docker.

# here ARGUMENT…: the command line program on this machine.
here() {
  use_node
  [ -d "$ROOT/node_modules/commander" ] || die "its packages are not installed: npm ci --omit=dev --ignore-scripts"
  exec node --disable-warning=ExperimentalWarning "$ROOT/cli/main.ts" "$@"
}

is_elsewhere() { [ -n "${DBAAS_URL:-}" ]; }

looking() { if is_elsewhere; then here "$@"; else in_orchestrator "$@"; fi; }

# sql [STATEMENT]…: at a terminal with a history where this machine has Node.js and the packages.
sql() {
  local argument
  for argument in "$@"; do
    case $argument in *' '* | -h | --help) looking sql "$@" ;; esac
  done
  if is_elsewhere; then here sql "$@" <&7; fi
  if ! [ -t 7 ] || ! [ -t 1 ]; then piped sql "$@" <&7; fi
  if [ -d "$ROOT/node_modules/commander" ] && is_node_recent && ! with_tls; then
    export DBAAS_URL=http://localhost:$PORT
    here sql "$@" <&7
  fi
  engine_answers || die "no Docker engine answers; ./dbaas up starts the service"
  require_orchestrator
  set_program sql "$@"
  exec docker exec --user node --interactive --tty --env DBAAS_TOKEN "${PROGRAM[@]}" <&7
}

# piped ARGUMENT…: with this function's own input and output.
piped() {
  if is_elsewhere; then here "$@"; fi
  engine_answers || die "no Docker engine answers; ./dbaas up starts the service"
  require_orchestrator
  set_program "$@"
  exec docker exec --user node --interactive --env DBAAS_TOKEN --env "DBAAS_PROGRESS=$(progress_shown)" "${PROGRAM[@]}"
}

# with_file FILE ARGUMENT…: the program reads the file, and more than once. In a container of its own beside the orchestrator, which
# sees the folder and changes nothing in it.
with_file() {
  local file=$1 folder
  shift
  [ -f "$file" ] || die "there is no file $file"
  if is_elsewhere; then here "$@"; fi
  engine_answers || die "no Docker engine answers; ./dbaas up starts the service"
  require_orchestrator
  folder=$(cd -P -- "$(dirname -- "$file")" && pwd)
  exec docker run --rm --init --interactive --network "container:$(orchestrator)" --user 0 --cap-drop ALL --cap-add DAC_READ_SEARCH \
    --memory 1g --volume "$folder:/files:ro" --env DBAAS_TOKEN --env "DBAAS_PROGRESS=$(progress_shown)" \
    "$(state_of .Config.Image "$(orchestrator)")" node --disable-warning=ExperimentalWarning cli/main.ts "$@"
}

# What the program calls a file of this machine.
program_path() { if is_elsewhere; then echo "$1"; else echo "/files/$(basename -- "$1")"; fi; }

backup_to() {
  local file=${1:-}
  case $file in -h | --help) in_orchestrator backup --help ;; esac
  [ $# = 1 ] || usage_error "backup takes the name of a new file: ./dbaas backup monday.db"
  [ ! -e "$file" ] || die "$file is there already: nothing was changed"
  if ! (umask 077 && piped backup >"$file.part"); then
    rm -f -- "$file.part"
    exit 1
  fi
  mv -- "$file.part" "$file"
}

# replayed FILE COMMAND ARGUMENT…: in the orchestrator's container, where the scheduled backups are and the log is reached. The program
# reads a file of this machine once, from its input. It is broken off with this process: by its input, for a signal does not reach it.
replayed() {
  local file=$1 argument arguments=()
  shift
  if is_elsewhere; then die "this reads the log: run it on the machine of the service"; fi
  if [ -z "$file" ]; then in_orchestrator "$@"; fi
  [ -f "$file" ] || die "there is no file $file"
  [ -r "$file" ] || die "$file cannot be read"
  for argument in "$@"; do
    if [ "$argument" = "$file" ]; then argument=-; fi
    arguments+=("$argument")
  done
  given_file "$file" "${arguments[@]}"
}

# of_file COMMAND ARGUMENT…: its last argument that is no option, nor belongs to one, is a file of this machine.
of_file() {
  local command=$1 file='' argument before='' arguments=() replays=''
  shift
  for argument in "$@"; do
    case $argument in
      -h | --help | --abandon) piped "$command" "$@" ;;
      --to-*) replays=1 ;;
      -*) ;;
      *) case $before in --format | --to-position | --to-moment) ;; *) file=$argument ;; esac ;;
    esac
    before=$argument
  done
  if [ -n "$replays" ]; then replayed "$file" "$command" "$@"; fi
  [ -n "$file" ] || usage_error "$command takes a file: ./dbaas $command --help shows how"
  for argument in "$@"; do
    if [ "$argument" = "$file" ]; then argument=$(program_path "$file"); fi
    arguments+=("$argument")
  done
  with_file "$file" "$command" "${arguments[@]}"
}
