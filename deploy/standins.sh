# shellcheck shell=bash
# shellcheck disable=SC2153  # ROOT is set by ./dbaas
# Builds images that take the place of the official ones, on a Debian or Ubuntu machine whose engine reaches no image
# registry: a base from the distribution's own mirror, and on it the distribution's packages. Node.js is newer than those;
# it comes from npm, as the package node-linux-<arch>.

name_standins() {
  can_install ||
    die "the engine can reach no image registry, and stand-in images can only be built as root on Debian or Ubuntu." \
      "Either let the engine pull rabbitmq:4-management, zookeeper:3.9 and node:24-bookworm-slim," \
      "or run ./dbaas up as root on Debian or Ubuntu."
  CODENAME=$(release_name)
  BASE_IMAGE=dbaas-standin/base:$CODENAME
  : "${ZOOKEEPER_IMAGE:=dbaas-standin/zookeeper:$CODENAME}" "${RABBITMQ_IMAGE:=dbaas-standin/rabbitmq:$CODENAME}"
  : "${NODE_IMAGE:=dbaas-standin/node:24-$CODENAME}" "${NGINX_IMAGE:=dbaas-standin/nginx:$CODENAME}"
}

# Debian's sid calls itself by the name of the next release, and is not found under it.
release_name() {
  CODENAME=$(os_codename)
  if [ -z "$(mirror_targets)" ] && [ -n "$(CODENAME=sid mirror_targets)" ]; then CODENAME=sid; fi
  echo "$CODENAME"
}

# shellcheck source=/dev/null
os_codename() { . /etc/os-release && echo "${VERSION_CODENAME:?}"; }

ensure_base() {
  has_image "$BASE_IMAGE" && return
  has debootstrap || install_packages debootstrap
  say "no image registry can be reached: building stand-in images from $CODENAME packages"
  say "building $BASE_IMAGE (about a minute)"
  local root site
  site=$(mirror_site)
  root=$(mktemp -d)
  quietly debootstrap debootstrap --variant=minbase --components="$(mirror_components)" --include=ca-certificates \
    "$CODENAME" "$root" "$site"
  mirror_lines >"$root/etc/apt/sources.list"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  tar -C "$root" -c . | docker import - "$BASE_IMAGE" >/dev/null
  rm -rf "$root"
}

# What this machine's own package sources say, so that a local mirror is used here as well: site, release, component. They may
# call the release "stable": the distribution's own answer says which one that is.
mirror_targets() {
  # shellcheck disable=SC2016  # apt's own placeholders
  apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' |
    awk -v name="$CODENAME" '
      { of = $5 == "Debian" || $5 == "Ubuntu" ? $4 : $2 }
      $2 == name || of == name || index($2, name "-") == 1 || index(of, name "-") == 1 { print $1, $2, $3, of }' |
    awk '$2 !~ /backports|proposed/ && ($3 == "main" || $3 == "universe")' | sort -u
}

mirror_site() {
  local site
  site=$(mirror_targets | awk -v name="$CODENAME" '$2 == name || $4 == name { print $1; exit }')
  [ -n "$site" ] || die "the machine's package sources name no mirror of $CODENAME (apt-get indextargets); run apt-get update first"
  echo "$site"
}

mirror_components() { mirror_targets | awk '{ print $3 }' | sort -u | paste -sd, -; }

mirror_lines() { mirror_targets | awk '{ print "deb", $1, $2, $3 }'; }

# build_standin NAME IMAGE
build_standin() {
  local checksum
  checksum=$(cd "$ROOT/images" && checksum_of "$1")
  is_built_from "$2" "$checksum" && return
  say "building $2 from Debian packages"
  build_image "$1" "$2" "$checksum" "$ROOT/images/$1" --build-arg "BASE_IMAGE=$BASE_IMAGE"
}

build_node_standin() {
  local checksum context=$STATE/node-image
  checksum=$(cd "$ROOT/images" && checksum_of node)
  is_built_from "$1" "$checksum" && return
  has npm || install_packages npm
  say "building $1 from the npm package node-linux-$(node_arch)"
  rm -rf "$context" && mkdir -p "$context"
  fetch_npm_package "node-linux-$(node_arch)@24" "$context/node"
  fetch_npm_package npm@11 "$context/npm"
  cp "$ROOT/images/node/Dockerfile" "$context/"
  build_image node "$1" "$checksum" "$context" --build-arg "BASE_IMAGE=$BASE_IMAGE"
  rm -rf "$context"
}

fetch_npm_package() {
  mkdir -p "$2"
  quietly npm-pack npm pack --pack-destination "$2" "$1"
  tar -xzf "$2"/*.tgz --strip-components=1 -C "$2"
  rm "$2"/*.tgz
}

node_arch() {
  case $(uname -m) in
    x86_64) echo x64 ;;
    aarch64) echo arm64 ;;
    *) die "there is no Node.js package for $(uname -m) on npm" ;;
  esac
}
