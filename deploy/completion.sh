# shellcheck shell=bash
# What the shell offers at the Tab key. `./dbaas completion bash` prints the little that is each shell's own; what fits is
# said by `./dbaas __complete`, which they all call. Workers are looked up when the key is pressed.

completion() {
  case $* in
    bash) completion_for_bash ;;
    zsh) completion_for_zsh ;;
    fish) completion_for_fish ;;
    *) usage_error "completion takes the shell's name: bash, zsh or fish" ;;
  esac
}

completion_for_bash() {
  cat <<'EOF'
# Completion of ./dbaas for bash. Once: source <(./dbaas completion bash)
# For good: ./dbaas completion bash >> ~/.bash_completion
_dbaas() {
  local offered
  offered=$("${COMP_WORDS[0]}" __complete "$COMP_CWORD" "${COMP_WORDS[@]:1}" 2>/dev/null)
  if [ "$offered" = :files ]; then
    compopt -o default
    return
  fi
  # shellcheck disable=SC2207  # words without blanks
  COMPREPLY=($(compgen -W "$offered" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _dbaas dbaas ./dbaas
EOF
}

completion_for_zsh() {
  cat <<'EOF'
#compdef dbaas
# Completion of ./dbaas for zsh, after compinit. Once: source <(./dbaas completion zsh)
# For good: ./dbaas completion zsh > a file named _dbaas in a folder of $fpath
_dbaas() {
  local -a offered
  offered=(${(f)"$("${words[1]}" __complete $((CURRENT - 1)) "${(@)words[2,-1]}" 2>/dev/null)"})
  if [[ $offered[1] == :files ]]; then _files; else compadd -a offered; fi
}
if [[ $funcstack[1] == _dbaas ]]; then _dbaas "$@"; else compdef _dbaas dbaas; fi
EOF
}

completion_for_fish() {
  cat <<'EOF'
# Completion of ./dbaas for fish. Once: ./dbaas completion fish | source
# For good: ./dbaas completion fish > ~/.config/fish/completions/dbaas.fish
function __dbaas_offered
  set -l before (commandline -opc)
  set -l offered ($before[1] __complete (count $before) $before[2..-1] (commandline -ct) 2>/dev/null)
  if test "$offered" = :files
    __fish_complete_path (commandline -ct)
  else
    printf '%s\n' $offered
  end
end
complete -c dbaas -f -a '(__dbaas_offered)'
EOF
}

# complete_word INDEX WORD...: what may stand at INDEX of the command line, counted from the first word after the program's
# name, a line each; ":files" where a file's name may.
complete_word() {
  local index=$1 words
  shift
  local command=${1:-} before=
  if [ "$index" -gt 1 ]; then before=${*:index-1:1}; fi
  case $before in
    -o | --output) words="table wide json yaml name" && [ "$command" != sql ] || words="table json yaml csv" ;;
    -f | --file) words=:files ;;
    *) words=$(words_of "$command" "$index") ;;
  esac
  # shellcheck disable=SC2086  # words without blanks
  [ -z "$words" ] || printf '%s\n' $words
}

words_of() {
  case $1:$2 in
    *:1)
      echo up down logs build test example token bench torture status get wait describe events diff apply scale switchover \
        accept-loss pause resume sql backup restore import export completion version help
      ;;
    get:2) echo workers master slaves hosts status events backups ;;
    describe:2) echo worker ;;
    describe:3)
      docker ps --filter "label=dbaas.cluster=$CLUSTER" --format '{{.Label "dbaas.worker"}}' 2>/dev/null || true
      ;;
    example:2) echo up down ;;
    token:2) echo reader writer admin ;;
    completion:2) echo bash zsh fish ;;
    get:* | status:* | events:*) echo --watch --output --help ;;
    wait:*) echo --for --timeout --help ;;
    describe:*) echo --output --help ;;
    diff:*) echo --file --output --help ;;
    backup:* | restore:2) echo :files ;;
    import:*) echo :files ;;
    export:*) echo --all --format --help ;;
    restore:*) echo --replace --abandon --to-position --to-moment --help ;;
    sql:*) echo --output --strong --help ;;
    apply:*) echo --file --yes --wait --help ;;
    scale:*) echo --min --max --baseline --wait --help ;;
    pause:* | resume:*) echo --wait --help ;;
    accept-loss:*) echo --copy --yes --help ;;
    logs:*) echo --follow --all ;;
    down:*) echo --volumes ;;
  esac
}
