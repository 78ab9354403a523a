# shellcheck shell=bash
# `./dbaas version`: of these sources, of the image, and of what runs. They differ after a change of the sources until `./dbaas up`.

VERSION_LABEL=org.opencontainers.image.version

show_version() {
  printf '%-13s %s\n' sources "$(version_of_sources)"
  engine_answers || return 0
  printf '%-13s %s\n' image "$(version_label image "$APP_IMAGE" || echo 'not built')"
  local container
  for container in $(running_programs); do
    printf '%-13s %s\n' "${container#"$CLUSTER-"}" "$(version_label container "$container" || echo 'none yet')"
  done
}

version_of_sources() { sed -n 's/^  "version": "\([^"]*\)",$/\1/p' "$ROOT/package.json"; }

# version_label KIND NAME: what the image says that it is. Images before 1.1 say nothing.
version_label() {
  docker "$1" inspect --format "{{with index .Config.Labels \"$VERSION_LABEL\"}}{{.}}{{else}}unknown{{end}}" "$2" 2>/dev/null
}

# The orchestrator, and the workers by name.
running_programs() {
  docker ps --filter "name=^$CLUSTER-orchestrator\$" --format '{{.Names}}'
  docker ps --filter "label=dbaas.cluster=$CLUSTER" --format '{{.Names}}' | sort -V
}
