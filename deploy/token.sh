# shellcheck shell=bash
# `./dbaas token ROLE NAME`: makes a bearer token. It is shown once and kept nowhere; the manifest holds its SHA-256.

make_token() {
  local role=${1:-} name=${2:-} token
  [ $# = 2 ] || usage_error "token takes a role and a name: ./dbaas token writer my-service"
  case $role in
    reader | writer | admin) ;;
    *) usage_error "token: the role is reader, writer or admin, not $role" ;;
  esac
  [[ $name =~ ^[A-Za-z0-9]([-A-Za-z0-9._]{0,61}[A-Za-z0-9])?$ ]] ||
    usage_error "token: a name has letters, digits, -, . and _, 63 at most"
  token=dbaas_$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
  cat <<END
The token of $name. It is shown this once:

  $token

Its line for the manifest, under spec.access.tokens:

  - { name: $name, role: $role, sha256: "$(printf %s "$token" | sha256)" }

Clients send it as: Authorization: Bearer dbaas_…
For ./dbaas sql, switchover and the like: export DBAAS_TOKEN=dbaas_…
END
}

sha256() { if has sha256sum; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1; }
