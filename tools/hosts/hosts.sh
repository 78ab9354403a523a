#!/usr/bin/env bash
# Simulated hosts on one Linux machine, as root. Each is a network namespace on one bridge, an overlay over one root file system,
# mount, pid, uts and ipc namespaces, and a Docker engine of its own. All of a host hangs on the first process of its pid
# namespace: killing that one is a power cut. The bridge stands in a namespace of its own, so nothing outside is changed.
#   hosts.sh up N | boot K | off K | renew K | cut K | join K | part K L | rejoin K L | freeze K | thaw K | slow K MS | can-slow | narrow K KBIT | in K COMMAND… | halt K
#            down | leftovers
# HOSTS_NAME names all of it; HOSTS_DIR is a folder for it on a real file system; HOSTS_BASE is the root file system that they
# share; HOSTS_ENGINE, if given, an engine's folder with the images that each begins with; HOSTS_SHARE a folder that each sees as
# /dbaas, read-only but for /dbaas/.dbaas.
set -euo pipefail
HOSTS_NAME=${HOSTS_NAME:?} HOSTS_DIR=${HOSTS_DIR:?} HOSTS_NET=${HOSTS_NET:-10.98.0}
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
SWITCH=$HOSTS_NAME-switch
CLIENT=$HOSTS_NAME-client

# plug NAMESPACE PORT ADDRESS: a new network namespace on the bridge. Overlay networks want a default route, though nothing is there.
plug() {
  ip netns add "$1"
  ip -n "$SWITCH" link add "$2" type veth peer name eth0 netns "$1"
  ip -n "$SWITCH" link set "$2" master bridge up
  ip -n "$1" addr add "$3/24" dev eth0
  ip -n "$1" link set eth0 up
  ip -n "$1" link set lo up
  ip -n "$1" route add default via "$HOSTS_NET.1"
}

# The gateway answers every question for a name with "there is none", at once: an engine asks for its registry at each start.
switch_on() {
  ip netns add "$SWITCH"
  ip -n "$SWITCH" link set lo up
  ip -n "$SWITCH" link add bridge type bridge
  ip -n "$SWITCH" addr add "$HOSTS_NET.1/24" dev bridge
  ip -n "$SWITCH" link set bridge up
  # No rule: a masquerade would change the sender of what goes between the hosts.
  setsid nsenter --net="/run/netns/$SWITCH" node "$HERE/no-names.ts" "$HOSTS_NET.1" </dev/null >"$HOSTS_DIR/no-names.log" 2>&1 &
  plug "$CLIENT" client "$HOSTS_NET.99"
}

folder() { echo "$HOSTS_DIR/$1"; }

# Runs as the host's first process, in its namespaces: makes the root file system, then keeps the engine running.
inside_script() { # K
  local own
  own=$(folder "$1")
  cat <<X
set -e
mount --make-rprivate /
mount -t overlay overlay -o lowerdir=$HOSTS_BASE,upperdir=$own/upper,workdir=$own/work $own/root
cd $own/root
mount --rbind /sys sys
mount -t tmpfs -o mode=755 tmpfs dev
for f in null zero full random urandom tty; do touch dev/\$f; mount --bind /dev/\$f dev/\$f; done
mkdir dev/pts dev/shm dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p var/lib/docker layers old
mount --bind $own/docker var/lib/docker
[ -z "$(shared_layers)" ] || mount --bind "$(shared_layers)" layers
if [ -n "${HOSTS_SHARE:-}" ]; then
  mkdir -p dbaas
  mount --bind "${HOSTS_SHARE:-}" dbaas
  mount -o remount,bind,ro dbaas
  mount --bind $own/state dbaas/.dbaas
fi
pivot_root . old
umount -l /old
echo $HOSTS_NAME-$1 >/run/simulated-host
hostname host-$1
{ echo 127.0.0.1 localhost; for k in 1 2 3 4 5 6 7 8 9; do echo $HOSTS_NET.\$((10 + k)) host-\$k; done; } >/etc/hosts
echo nameserver $HOSTS_NET.1 >/etc/resolv.conf
trap 'touch /run/ends; kill \$engine; wait \$engine; exit 0' TERM
until [ -e /run/ends ]; do
  rm -f /run/docker.pid
  # An engine that ends in order takes its mounts away.
  for layer in \$(ls /layers | grep -vx l); do
    own=/var/lib/docker/overlay2/\$layer/diff
    mountpoint -q "\$own" || { mount --bind "/layers/\$layer/diff" "\$own" && mount -o remount,bind,ro "\$own"; }
  done
  dockerd --cgroup-parent /$HOSTS_NAME-$1 >>/var/log/dockerd.log 2>&1 & engine=\$!
  wait \$engine || sleep 0.5
done
X
}

boot() { # K
  local own
  own=$(folder "$1")
  rm -f "$own/pid"
  mkdir -p "$own"/{upper,work,root,state}
  [ -e "$own/docker" ] || give_images "$own/docker"
  inside_script "$1" >"$own/inside.sh"
  join_cgroup "$1" setsid nsenter --net="/run/netns/$HOSTS_NAME-$1" unshare -m -p -u -i -f --kill-child --propagation private \
    bash "$own/inside.sh" </dev/null >"$own/log" 2>&1 &
  wait_for 10 first_process "$1"
  wait_for 60 inside "$1" docker version || { tail -3 "$own/log" "$own/upper/var/log/dockerd.log" >&2; return 1; }
}

# Layers are read-only for every engine: all hosts mount the same ones, so that they are on the disk and in memory once. With
# HOSTS_COPY they are the host's own.
give_images() { # FOLDER
  local layer
  if [ -z "${HOSTS_ENGINE:-}" ]; then
    mkdir "$1"
  elif [ -n "${HOSTS_COPY:-}" ]; then
    cp -a "$HOSTS_ENGINE" "$1"
  else
    mkdir "$1.new"
    find "$HOSTS_ENGINE" -mindepth 1 -maxdepth 1 -not -name overlay2 -not -name engine-id -exec cp -a {} "$1.new" ';'
    mkdir "$1.new/overlay2"
    cp -a "$HOSTS_ENGINE/overlay2/l" "$1.new/overlay2"
    for layer in "$(shared_layers)"/*/diff; do
      layer=$(dirname "$layer")
      mkdir -p "$1.new/overlay2/$(basename "$layer")/diff"
      find "$layer" -mindepth 1 -maxdepth 1 -not -name diff -exec cp -a {} "$1.new/overlay2/$(basename "$layer")" ';'
    done
    mv "$1.new" "$1"
  fi
}

shared_layers() { if [ -z "${HOSTS_COPY:-}" ] && [ -n "${HOSTS_ENGINE:-}" ]; then echo "$HOSTS_ENGINE/overlay2"; fi; }

# A freezer of the host's own, by which all its processes stand still at once; in either version of cgroups.
join_cgroup() { # K COMMAND…
  local group
  group=$(freezer "$1")/init && shift
  mkdir -p "$group"
  bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@"
}

freezer() { # K
  if [ -d /sys/fs/cgroup/freezer ]; then echo "/sys/fs/cgroup/freezer/$HOSTS_NAME-$1"; else echo "/sys/fs/cgroup/$HOSTS_NAME-$1"; fi
}

set_frozen() { # K yes|no
  local group
  group=$(freezer "$1")
  if [ -e "$group/freezer.state" ]; then
    if [ "$2" = yes ]; then echo FROZEN >"$group/freezer.state"; else echo THAWED >"$group/freezer.state"; fi
  else
    if [ "$2" = yes ]; then echo 1 >"$group/cgroup.freeze"; else echo 0 >"$group/cgroup.freeze"; fi
  fi
}

# Writes the id of the process that is the first one in its own namespace, once it has left the file system of this machine: what
# is run in the host would run on this machine before.
first_process() { # K
  local pid
  for pid in $(cat "$(freezer "$1")/init/cgroup.procs" 2>/dev/null); do
    if grep -qE '^NSpid:.*\s1$' "/proc/$pid/status" && [ "$(cat "/proc/$pid/root/run/simulated-host")" = "$HOSTS_NAME-$1" ]; then
      echo "$pid" >"$(folder "$1")/pid"
      return
    fi
  done 2>/dev/null
  return 1
}

wait_for() { # SECONDS COMMAND…
  local deadline=$((SECONDS + $1)) && shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

inside() { # K COMMAND…
  local host=$1 pid
  pid=$(cat "$(folder "$1")/pid") && shift
  # Nothing of this machine's environment.
  join_cgroup "$host" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
    nsenter -t "$pid" -m -n -p -u -i -r -w "$@"
}

link_of() { ip -n "$SWITCH" link set "port$1" "$2"; } # K up|down

# Without a word: the cable first, then all its processes.
power_off() { # K
  local own
  own=$(folder "$1")
  link_of "$1" down
  if [ -e "$own/pid" ]; then
    kill -9 "$(cat "$own/pid")" 2>/dev/null || true
    set_frozen "$1" no 2>/dev/null || true
    rm -f "$own/pid"
    wait_for 20 has_no_process "$1"
  fi
  unplug "$1"
}

# With the namespace go the rules and bridges of the host's engine, as with a machine that loses its power: left behind, they would
# send what comes to the host's ports to containers that are no more.
unplug() { # K
  ip -n "$SWITCH" link del "port$1" 2>/dev/null || true
  ip netns del "$HOSTS_NAME-$1" 2>/dev/null || true
}

plug_host() { # K
  if [ ! -e "/run/netns/$HOSTS_NAME-$1" ]; then plug "$HOSTS_NAME-$1" "port$1" "$HOSTS_NET.$((10 + $1))"; fi
}

has_no_process() { [ -z "$(find "$(freezer "$1")" -name cgroup.procs -exec cat {} + 2>/dev/null)" ]; }

# What goes to it. Not every kernel can.
slow() { # K MS
  if [ "$2" = 0 ]; then
    ip netns exec "$SWITCH" tc qdisc del dev "port$1" root 2>/dev/null || true
  else
    ip netns exec "$SWITCH" tc qdisc replace dev "port$1" root netem delay "$2ms"
  fi
}

# What goes to it, at most so much a second, with a queue that waits half a second.
narrow() { # K KBIT
  if [ "$2" = 0 ]; then
    ip netns exec "$SWITCH" tc qdisc del dev "port$1" root 2>/dev/null || true
  else
    ip netns exec "$SWITCH" tc qdisc replace dev "port$1" root tbf rate "$2kbit" burst 16kb latency 500ms
  fi
}

# What the first of two hosts sends to the other goes to nobody.
deafen() { ip -n "$HOSTS_NAME-$1" neigh replace "$HOSTS_NET.$((10 + $2))" lladdr 02:00:00:00:00:01 nud permanent dev eth0; } # K L
undeafen() { ip -n "$HOSTS_NAME-$1" neigh del "$HOSTS_NET.$((10 + $2))" dev eth0 2>/dev/null || true; } # K L

up() { # N
  local k running=()
  mkdir -p "$HOSTS_DIR"
  switch_on
  for k in $(seq "$1"); do
    plug_host "$k"
    boot "$k" &
    running+=("$!")
  done
  for k in "${running[@]}"; do wait "$k"; done
}

down() {
  local pid space tries
  for pid in "$HOSTS_DIR"/*/pid; do
    if [ -e "$pid" ]; then power_off "$(basename "$(dirname "$pid")")" 2>/dev/null || true; fi
  done
  for space in $(our_namespaces); do
    ip netns pids "$space" | xargs -r kill -9 2>/dev/null || true
    ip netns del "$space"
  done
  for tries in 1 2 3 4 5; do
    our_cgroups | xargs -r rmdir 2>/dev/null || true
    [ -n "$(our_cgroups)" ] || break
    sleep "0.$tries"
  done
  rm -rf "$HOSTS_DIR"
}

our_namespaces() { ip netns list | awk -v name="$HOSTS_NAME" '$1 ~ "^" name "-([0-9]+|switch|client)$" { print $1 }'; }

our_cgroups() { find /sys/fs/cgroup -depth -type d -path "*/$HOSTS_NAME-[0-9]*" 2>/dev/null; }

# What is left of all that, a line each: nothing after `down`.
leftovers() {
  our_namespaces | sed 's/^/namespace /'
  our_cgroups | sed 's/^/cgroup /'
  grep -s " $HOSTS_DIR/" /proc/self/mountinfo | sed 's/^/mount /' || true
  # By a file, so that the search does not find itself.
  grep -lzs -F -f <(echo "$HOSTS_DIR/") /proc/[0-9]*/cmdline | sed 's/^/process /' || true
  [ ! -e "$HOSTS_DIR" ] || echo "folder $HOSTS_DIR"
}

main() {
  local command=$1 && shift
  case $command in
    up) up "$1" ;;
    boot) plug_host "$1" && link_of "$1" up && boot "$1" ;;
    off) power_off "$1" ;;
    # once it is off: another machine is to stand in its place, with an empty disk
    renew) rm -rf "$(folder "$1")" ;;
    cut) link_of "$1" down ;;
    join) link_of "$1" up ;;
    part) deafen "$1" "$2" && deafen "$2" "$1" ;;
    rejoin) undeafen "$1" "$2" && undeafen "$2" "$1" ;;
    can-slow) ip netns exec "$SWITCH" tc qdisc replace dev client root netem delay 0ms >/dev/null 2>&1 ;;
    freeze) set_frozen "$1" yes ;;
    thaw) set_frozen "$1" no ;;
    slow) slow "$1" "$2" ;;
    narrow) narrow "$1" "$2" ;;
    in) inside "$@" ;;
    # shuts an engine down in order, for a copy of its folder
    halt) kill "$(cat "$(folder "$1")/pid")" && wait_for 20 has_no_process "$1" ;;
    down) down ;;
    leftovers) leftovers ;;
    *) echo "hosts.sh: there is no command $command" >&2 && exit 2 ;;
  esac
}

main "$@"
