# shellcheck shell=bash
# shellcheck disable=SC2034  # COMPOSE is used by the other parts
# Makes sure that a Docker engine answers and that Compose is there. What is missing is installed from the distribution's
# packages where that is possible (Debian or Ubuntu, as root); elsewhere the user is told exactly what to provide.

ENGINE_LOG=/var/log/dbaas-dockerd.log

engine_answers() { has docker && within 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

ensure_engine() {
  ensure_daemon
  choose_compose || { install_packages docker-compose && choose_compose; } ||
    die "Docker Compose is missing: install the compose plugin (docker compose) or docker-compose 1.29 or later"
}

# An engine that answers and can build. Compose is not needed on a Swarm.
ensure_daemon() {
  engine_answers || provide_engine
  # The classic builder serves where BuildKit's client part is not installed.
  if ! docker buildx version >/dev/null 2>&1; then export DOCKER_BUILDKIT=0; fi
}

choose_compose() {
  if docker compose version >/dev/null 2>&1; then
    COMPOSE=(docker compose)
  elif has docker-compose; then
    COMPOSE=(docker-compose)
  else
    return 1
  fi
}

# The engine, and the command `docker` to speak with it, which some distributions package apart.
provide_engine() {
  local packages=()
  if [ -n "${DOCKER_HOST:-}" ] && has docker; then die "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST"; fi
  if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
    die "this user may not use the Docker engine's socket: run as root, or join the group docker and log in again"
  fi
  if [ -z "${DOCKER_HOST:-}" ] && ! has dockerd; then
    has docker && ! can_install && die "Docker is installed but no engine answers: start it (Docker Desktop, or systemctl start docker)"
    packages+=(docker.io iptables)
  fi
  has docker || packages+=(docker-cli)
  if [ ${#packages[@]} -gt 0 ]; then
    choose_compose || packages+=(docker-compose)
    install_packages "${packages[@]}"
  fi
  has docker || die "the command docker is missing: install Docker's client (on Debian 13 and later the package docker-cli)"
  engine_answers || start_engine
}

can_install() { [ "$(id -u)" = 0 ] && has apt-get && grep -qsE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release; }

install_packages() {
  can_install ||
    die "missing: $*" "Either install Docker Engine with Compose (https://docs.docker.com/engine/install/)," \
      "or run ./dbaas up as root on Debian or Ubuntu: it then installs them from the distribution's packages."
  say "installing from the distribution's packages: $* (about half a minute)"
  quietly apt apt_install "$@"
}

apt_install() {
  local package packages=()
  apt-get update -q || return
  for package in "$@"; do
    case $package in
      # Only where docker.io does not hold the client itself.
      docker-cli) ! is_packaged docker-cli || packages+=(docker-cli) ;;
      # Ubuntu's docker-compose is of the first version, which does not know the newest engines.
      docker-compose) if is_packaged docker-compose-v2; then packages+=(docker-compose-v2); else packages+=(docker-compose); fi ;;
      *) packages+=("$package") ;;
    esac
  done
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}"
}

is_packaged() { apt-cache show "$1" >/dev/null 2>&1; }

start_engine() {
  [ "$(id -u)" = 0 ] || die "the Docker engine is not running and only root can start it: sudo systemctl start docker"
  if [ -d /run/systemd/system ]; then
    say "starting the Docker engine by systemd"
    quietly systemctl systemctl start docker
  elif ! cat /proc/[0-9]*/comm 2>/dev/null | grep -qx dockerd; then
    say "starting the Docker engine (dockerd, log in $ENGINE_LOG)"
    # A session and streams of its own: it outlives this script and holds nothing of it open, not even the lock.
    setsid dockerd >>"$ENGINE_LOG" 2>&1 </dev/null 7<&- 9>&- &
  fi
  wait_for_engine
}

wait_for_engine() {
  wait_until 60 engine_answers || die "the Docker engine did not answer within 60 s; its log is in $ENGINE_LOG"
}

# The group of the engine's socket, as a container sees it. 0 where the socket is not a local file of Linux.
socket_group() { stat -c %g "${DBAAS_DOCKER_SOCKET:-/var/run/docker.sock}" 2>/dev/null || echo 0; }
