# shellcheck shell=bash
# The operator's manifest as a file: an editor that has it open, a link to it and an edit made meanwhile all stay intact.

# The file itself, also where dbaas.yaml is a link to it.
manifest_file() { resolved "$(manifests)/dbaas.yaml"; }

# The containers see the folder alone, and by another path: a link out of it, or by a full path, leads nowhere there.
check_manifest() {
  local folder file target
  folder=$(manifests)
  file=$folder/dbaas.yaml
  [ -L "$file" ] || [ -f "$file" ] || die "there is no dbaas.yaml in $folder (DBAAS_MANIFESTS names the folder)"
  while [ -L "$file" ]; do
    target=$(readlink "$file")
    case $target in
      /*) refuse_link "$folder" "$target" ;;
      *) file=$(dirname "$file")/$target ;;
    esac
    [ -e "$file" ] || [ -L "$file" ] || die "$folder/dbaas.yaml is a link to $target, which is not there"
  done
  case $(resolved "$file") in
    "$(cd -P -- "$folder" && pwd)"/*) ;;
    *) refuse_link "$folder" "$target" ;;
  esac
}

refuse_link() {
  die "$1/dbaas.yaml is a link to $2, which the containers cannot see: they see the folder $1 alone." \
    "The link has to be relative and to stay in that folder; or DBAAS_MANIFESTS names the folder of the file itself."
}

# One command at a time changes it. On a system without `flock`, and against editors, replace_manifest looks again.
lock_manifest() {
  local folder code=0
  folder=$(dirname "$(manifest_file)")
  has flock || return 0
  exec 6<"$folder"
  flock -n 6 2>/dev/null || code=$?
  [ "$code" = 1 ] || return 0 # held; or a file system that knows no locks
  say "another ./dbaas is changing the manifest, waiting for it" >&2
  flock -w 240 6 || die "waited four minutes for the other ./dbaas; nothing was changed"
}

# replace_manifest BEFORE NEW: unless it is not what it was.
replace_manifest() {
  local file
  file=$(manifest_file)
  cmp -s "$1" "$file" || die "$file was changed by another program meanwhile; nothing was changed by this command"
  cmp -s "$2" "$file" && return
  if [ -n "$(find "$file" -links +1)" ]; then
    # Another name leads to this very file: it stays one file.
    cat "$2" >"$file"
    return
  fi
  # In one step, as editors do it, with the owner and the rights it has.
  REPLACEMENT=$(mktemp "$(dirname "$file")/.dbaas.yaml.XXXXXX")
  cp -p "$file" "$REPLACEMENT"
  cat "$2" >"$REPLACEMENT"
  mv -f "$REPLACEMENT" "$file"
}

REPLACEMENT=
