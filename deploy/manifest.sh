# shellcheck shell=bash
# Commands about the manifest: diff, apply, scale, pause, resume. Where the command line program runs, the manifest can only
# be read. So it gets the text as its input, and an edited text replaces the file here, in one step as editors do it.

# manifest_command COMMAND ARGUMENT…
manifest_command() {
  local command=$1 file='' yes='' rest=() settle=()
  shift
  for argument in "$@"; do
    case $argument in -h | --help) in_orchestrator "$command" --help ;; esac
  done
  while [ $# -gt 0 ]; do
    case $1 in
      -f | --file) [ $# -gt 1 ] || usage_error "$1 needs a file" && file=$2 && shift ;;
      --file=*) file=${1#--file=} ;;
      -y | --yes) yes=1 ;;
      --wait) settle=(--wait) ;;
      *) rest+=("$1") ;;
    esac
    shift
  done
  require_orchestrator
  case $command in
    diff) diff_manifest "$file" "${rest[@]+"${rest[@]}"}" ;;
    apply)
      [ ${#rest[@]} = 0 ] || usage_error "apply takes -f FILE, --yes and --wait, not ${rest[0]}"
      apply_manifest "$file" "$yes" "${settle[@]+"${settle[@]}"}"
      ;;
    *)
      [ -z "$file$yes" ] || usage_error "$command edits the cluster's own manifest and takes neither -f nor --yes"
      edit_manifest "$command" "${settle[0]:-}" "${rest[@]+"${rest[@]}"}"
      ;;
  esac
}

manifest_file() { echo "$(manifests)/dbaas.yaml"; }

# As the command line program says it: 3 when there is nothing to ask.
require_orchestrator() {
  [ "$(state_of .State.Running "$CLUSTER-orchestrator")" = true ] && return
  printf 'dbaas: %s\n' "$CLUSTER is not running; ./dbaas up starts it" >&2
  exit 3
}

# The command line program, with the manifest as its input.
ask_program() { docker exec --interactive "$CLUSTER-orchestrator" node dist/cli/main.js "$@"; }

diff_manifest() {
  local file=${1:-$(manifest_file)}
  shift
  if [ "$file" = - ]; then
    ask_program diff --name "standard input" "$@"
    return
  fi
  [ -r "$file" ] || usage_error "cannot read $file"
  # shellcheck disable=SC2094  # the other is only its name
  ask_program diff --name "$(basename "$file")" "$@" <"$file"
}

apply_manifest() {
  local file=$1 yes=$2 new code=0
  shift 2
  [ -n "$file" ] || usage_error "apply needs -f FILE (- for standard input)"
  [ "$file" = - ] || [ -r "$file" ] || usage_error "cannot read $file"
  new=$(beside_manifest)
  # shellcheck disable=SC2064  # the name as it is now
  trap "rm -f '$new'" EXIT
  # Not by the name /dev/stdin: what comes in may be a socket.
  if [ "$file" = - ]; then cat >"$new" && file="standard input"; else cat "$file" >"$new"; fi
  ask_program diff --name "$(basename "$file")" <"$new" || code=$?
  [ "$code" -le 1 ] || exit "$code"
  if [ "$code" = 1 ] && [ -z "$yes" ] && ! agreed; then die "nothing was changed"; fi
  put_manifest "$new" "$@"
}

# Asks whoever sits there; without anybody the answer is no.
agreed() {
  local answer=
  if [ ! -t 0 ]; then usage_error "nobody is there to ask: --yes applies it without asking"; fi
  read -r -p "Apply it? [y/N] " answer
  [[ $answer == [yY] || $answer == [yY]es ]]
}

# edit_manifest COMMAND --wait|'' ARGUMENT…
edit_manifest() {
  local command=$1 wait=$2 new code=0
  shift 2
  new=$(beside_manifest)
  # shellcheck disable=SC2064  # the name as it is now
  trap "rm -f '$new'" EXIT
  ask_program "$command" "$@" <"$(manifest_file)" >"$new" || code=$?
  [ "$code" = 0 ] || exit "$code"
  put_manifest "$new" ${wait:+"$wait"}
}

# A file with the manifest's owner and rights, in its folder, so that it can take the manifest's place in one step.
beside_manifest() {
  local file
  file=$(manifest_file)
  [ -w "$(dirname "$file")" ] || die "cannot write in $(dirname "$file")"
  cp -p "$file" "$file.new"
  echo "$file.new"
}

# put_manifest NEW [--wait]: and says what the controller makes of it.
put_manifest() {
  local file new=$1 told code=0
  file=$(manifest_file)
  shift
  cmp -s "$new" "$file" || mv -f "$new" "$file"
  start_progress "waiting for the controller"
  told=$(ask_program taken-up "$@" <"$file" 2>&1) || code=$?
  stop_progress
  if [ "$code" != 0 ]; then printf '%s\n' "$told" >&2 && exit "$code"; fi
  printf '%s\n' "$told"
}
