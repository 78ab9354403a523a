# shellcheck shell=bash
# shellcheck disable=SC2034  # the names are used by the other parts
# Sourced by ./dbaas first: the names everything else uses, and how it speaks to the user.

CLUSTER=${DBAAS_CLUSTER:-dbaas}
PORT=${DBAAS_PORT:-80}
STATE=$ROOT/.dbaas # what setting up has learnt and made; safe to delete while nothing runs
APP_IMAGE=${DBAAS_IMAGE:-mini-dbaas:latest}
case ${APP_IMAGE##*/} in
  *:*) TOOLS_IMAGE=${APP_IMAGE%:*}-tools:${APP_IMAGE##*:} ;;
  *) TOOLS_IMAGE=$APP_IMAGE-tools ;;
esac

say() { printf 'dbaas: %s\n' "$*"; }

die() {
  stop_progress
  printf 'dbaas: %s\n' "$@" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command with a deadline where the system has `timeout`.
within() {
  local seconds=$1 && shift
  if has timeout; then timeout "$seconds" "$@"; else "$@"; fi
}

# wait_until SECONDS COMMAND…
wait_until() {
  local deadline=$((SECONDS + $1)) && shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.3
  done
}

# A checksum of what comes in on standard input, short enough for a label.
checksum() { if has sha256sum; then sha256sum; else shasum -a 256; fi | cut -c1-16; }

# Runs a command into a log file; when it fails, shows the end of it. Keeps long output away from the user. Whatever the
# command leaves running holds neither this script's output nor its lock (9) open.
quietly() {
  local log=$STATE/$1.log code=0 && shift
  start_progress "working, the output is in ${log#"$ROOT"/}"
  "$@" >"$log" 2>&1 </dev/null 9>&- || code=$?
  stop_progress
  [ "$code" != 0 ] || return 0
  tail -n 25 "$log" | sed 's/^/  | /' >&2
  die "failed: $*" "the whole output is in $log"
}

check_settings() {
  [[ $CLUSTER =~ ^[a-z0-9][a-z0-9-]{0,30}$ ]] ||
    die "DBAAS_CLUSTER=$CLUSTER: a cluster's name has lower-case letters, digits and dashes, 31 at most"
  [[ $PORT =~ ^[1-9][0-9]{0,4}$ ]] || die "DBAAS_PORT=$PORT is not a port number"
  mkdir -p "$STATE"
}

# One ./dbaas at a time sets up: two would install or build the same thing at once. Released at the latest at exit.
lock_setup() {
  has flock || return 0
  exec 9>"$STATE/lock"
  flock -n 9 && return
  say "another ./dbaas is setting up, waiting for it"
  flock -w 1200 9 || die "waited 20 minutes for the other ./dbaas; is it stuck?"
}

unlock_setup() { exec 9>&-; }
