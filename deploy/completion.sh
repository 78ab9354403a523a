# shellcheck shell=bash
# `./dbaas completion bash`: what the shell offers at the Tab key. Workers are looked up when it is pressed.

completion() {
  [ "$*" = bash ] || usage_error "completion takes the shell's name: bash"
  cat <<'EOF'
# Completion of ./dbaas for bash. Once: source <(./dbaas completion bash)
# For good: ./dbaas completion bash >> ~/.bash_completion
_dbaas_workers() {
  docker ps --filter "label=dbaas.cluster=${DBAAS_CLUSTER:-dbaas}" --format '{{.Label "dbaas.worker"}}' 2>/dev/null
}

_dbaas() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words=
  if [ "$COMP_CWORD" = 1 ]; then
    words="up down logs build test example token bench torture status get wait describe events diff apply scale switchover
      pause resume query completion help"
  elif [ "$before" = -o ] || [ "$before" = --output ]; then
    words="table wide json yaml name"
  elif [ "$before" = -f ] || [ "$before" = --file ]; then
    compopt -o default
    return
  else
    case $command:$COMP_CWORD in
      get:2) words="workers master slaves status events" ;;
      describe:2) words=worker ;;
      describe:3) words=$(_dbaas_workers) ;;
      example:2) words="up down" ;;
      completion:2) words=bash ;;
      get:* | status:* | events:*) words="--watch --output --help" ;;
      wait:*) words="--for --timeout --help" ;;
      describe:* | query:*) words="--output --help" ;;
      diff:*) words="--file --output --help" ;;
      apply:*) words="--file --yes --wait --help" ;;
      scale:*) words="--min --max --baseline --wait --help" ;;
      pause:* | resume:*) words="--wait --help" ;;
      logs:*) words="--follow --all" ;;
      down:*) words=--volumes ;;
    esac
  fi
  # shellcheck disable=SC2207  # words without blanks
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _dbaas dbaas ./dbaas
EOF
}
