# shellcheck shell=bash
# Commands about the manifest: diff, apply, scale, pause, resume; on several hosts it stands in ZooKeeper. Where the command line program runs, the manifest can only
# be read. So it gets the text as its input, and an edited text, once it is known to be whole, replaces the file here.

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

diff_manifest() {
  local file=${1:-} name
  shift
  prepare_scratch
  if [ -z "$file" ] && on_several_hosts; then
    take_kept "$SCRATCH/new"
    name=dbaas.yaml
  else
    if [ -z "$file" ]; then check_manifest; fi
    name=$(copy_manifest "${file:-$(manifests)/dbaas.yaml}" "$SCRATCH/new")
  fi
  ask_about "$SCRATCH/new" diff --name "$name" "$@"
}

apply_manifest() {
  local file=$1 yes=$2 name code=0
  shift 2
  [ -n "$file" ] || usage_error "apply needs -f FILE (- for standard input)"
  prepare_scratch
  name=$(copy_manifest "$file" "$SCRATCH/new")
  begin_change
  ask_about "$SCRATCH/new" diff --name "$name" || code=$?
  [ "$code" -le 1 ] || exit "$code"
  if [ "$code" = 1 ] && [ -z "$yes" ] && ! agreed "Apply it?"; then die "nothing was changed"; fi
  put_manifest "$@"
}

# copy_manifest FILE COPY: prints the name for messages.
copy_manifest() {
  if [ "$1" = - ]; then
    cat <&7 >"$2"
    echo "standard input"
    return
  fi
  # By cat: it may be a pipe of the shell's.
  { [ -r "$1" ] && [ ! -d "$1" ] && cat -- "$1" >"$2"; } || usage_error "cannot read $1"
  basename -- "$1"
}

# agreed QUESTION: asks the operator; without one at a terminal the answer is no.
agreed() {
  local answer=
  if [ ! -t 7 ]; then usage_error "there is no terminal to ask at: --yes goes on without asking"; fi
  read -r -u 7 -p "$1 [y/N] " answer
  [[ $answer == [yY] || $answer == [yY]es ]]
}

# edit_manifest COMMAND --wait|'' ARGUMENT…
edit_manifest() {
  local command=$1 wait=$2 code=0
  shift 2
  prepare_scratch
  begin_change
  ask_about "$SCRATCH/before" "$command" "$@" >"$SCRATCH/answer" || code=$?
  [ "$code" = 0 ] || exit "$code"
  take_whole "$SCRATCH/answer" "$SCRATCH/new" ||
    die "the edited manifest did not arrive whole from the cluster; nothing was changed" \
      "(an orchestrator of an earlier version cannot say whether it did: ./dbaas up replaces it)"
  put_manifest ${wait:+"$wait"}
}

# A folder for the texts on their way, gone with this script.
prepare_scratch() {
  SCRATCH=$(mktemp -d)
  trap 'rm -rf "$SCRATCH" ${REPLACEMENT:+"$REPLACEMENT"}' EXIT
}

# From here on the manifest is this command's to change, and SCRATCH/before is what it is.
begin_change() {
  local file folder
  if on_several_hosts; then
    take_kept "$SCRATCH/before"
    return
  fi
  check_manifest
  file=$(manifest_file)
  folder=$(dirname "$file")
  if [ ! -w "$folder" ] || [ ! -w "$file" ]; then die "cannot write $file"; fi
  lock_manifest
  cat "$file" >"$SCRATCH/before"
}

# On several hosts no file is the cluster's manifest: it stands in ZooKeeper.
on_several_hosts() { [ -n "$(container_of orchestrator 2>/dev/null || true)" ]; }

# take_kept FILE: the manifest in ZooKeeper.
take_kept() {
  ask_program kept-manifest </dev/null >"$SCRATCH/kept" || exit $?
  take_whole "$SCRATCH/kept" "$1" || die "the manifest did not arrive whole from the cluster; nothing was changed"
}

# ask_about FILE ARGUMENT…: the file as the program's input, which it checks to be all of it.
ask_about() {
  local file=$1 && shift
  ask_program "$@" --sha256 "$(sha256 <"$file")" <"$file"
}

# take_whole ANSWER FILE: the text of an answer, whose last line says how long it is and its checksum.
take_whole() {
  local mark
  mark=$(tail -n 1 "$1" | tr -d '\0')
  [[ $mark =~ ^whole\ ([0-9]+)\ ([0-9a-f]{64})$ ]] || return 1
  head -c "${BASH_REMATCH[1]}" "$1" >"$2"
  [ "$(sha256 <"$2")" = "${BASH_REMATCH[2]}" ]
}

# put_manifest [--wait]: SCRATCH/new takes the manifest's place; then says what the controller makes of it. The next change
# need not wait for the workers.
put_manifest() {
  local said code=0
  if on_several_hosts; then
    ask_about "$SCRATCH/new" keep-manifest --before "$(sha256 <"$SCRATCH/before")" || exit $?
  else
    replace_manifest "$SCRATCH/before" "$SCRATCH/new"
  fi
  start_progress "waiting for the controller"
  said=$(ask_about "$SCRATCH/new" taken-up 2>&1) || code=$?
  if [ "$code" = 0 ] && [ $# -gt 0 ]; then
    exec 6<&-
    said=$(ask_about "$SCRATCH/new" taken-up "$@" 2>&1) || code=$?
  fi
  stop_progress
  if [ "$code" != 0 ]; then printf '%s\n' "$said" >&2 && exit "$code"; fi
  printf '%s\n' "$said"
}
