# shellcheck shell=bash
# At a terminal, a wait of more than two seconds shows what it is for and how long it has taken.

PROGRESS=

# start_progress TEXT: until stop_progress or the end of this shell.
start_progress() {
  stop_progress
  [ -t 2 ] || return 0
  progress_of "$1" $$ 9>&- &
  PROGRESS=$!
}

stop_progress() {
  [ -n "$PROGRESS" ] || return 0
  kill "$PROGRESS" 2>/dev/null || true
  wait "$PROGRESS" 2>/dev/null || true
  PROGRESS=
  printf '\r\033[K' >&2
}

# progress_of TEXT PID: ends by itself with that process, however it ended.
progress_of() {
  local began=$SECONDS frames='|/-=' at=0
  trap 'exit 0' TERM
  sleep 2
  while kill -0 "$2" 2>/dev/null; do
    printf '\r  %s %s, %d s\033[K' "${frames:at++%4:1}" "$1" $((SECONDS - began)) >&2
    sleep 0.3
  done
}
