#!/bin/bash
# broker-watch.sh BROKER…: runs beside a broker of several, in its container. It ends a broker that has taken no connections for
# ten minutes although another one does, so that its container is started again.
# A broker that was cut off stops and starts by itself (pause_minority). At times it then waits for ever for Erlang's `global`: seen once
# in some thirty times, with RabbitMQ 3.10 on Erlang 25, whose "global hang workaround" does not work there.
set -u
every=5 patience=600

# By the kernel's tables, which costs the broker nothing: 5672, and 0A for a socket that listens.
listens() { grep -qsE '^ *[0-9]+: [0-9A-F]+:1628 [0-9A-F]+:0000 0A ' /proc/net/tcp /proc/net/tcp6; }

takes_connections() {
  # shellcheck disable=SC2016  # the inner shell expands it
  timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/5672"' "$1" 2>/dev/null
}

another_serves() {
  local broker
  for broker in "$@"; do
    if takes_connections "$broker"; then return; fi
  done
  return 1
}

# The container's first process waits for it, and ends with it.
end_broker() {
  local process
  for process in /proc/[0-9]*; do
    if [ "$(cat "$process/comm" 2>/dev/null)" = beam.smp ]; then kill -KILL "${process#/proc/}"; fi
  done
}

silent=0
while sleep "$every"; do
  if listens || ! another_serves "$@"; then silent=0; else silent=$((silent + every)); fi
  if ((silent >= patience)); then
    echo "broker-watch: no connections taken for $silent s while another broker serves; ending the broker"
    end_broker
    silent=0
  fi
done
