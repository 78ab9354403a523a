#!/bin/bash
# broker-watch.sh BROKER…: runs beside a broker of several, in its container. It ends a broker that will not take connections again by
# itself although another one does, so that its container is started again.
# A broker that was cut off stops and starts by itself (pause_minority). Where the network comes back to one node before the other, that may go
# wrong in two ways. Erlang's `global` greets every node that it finds, and a greeting may never end while the broker's start waits for it:
# once in eighteen such returns with RabbitMQ 3.10 on Erlang 25, whose "global hang workaround" does not work there. A greeting takes
# milliseconds: one that two looks find with the same connected node does not end. Or the start fails because a node goes while it is
# asked, as once with RabbitMQ 4.0, and nobody tries again. One that an operator has stopped by hand is no such thing. What hangs for another reason
# has ten minutes.
set -u
every=5 patience_before_a_look=10 patience=600

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

# What keeps it from that, as Erlang sees it: `failed` after a start that nobody repeats, or the connected nodes that `global` is greeting.
hindrance() {
  timeout 10 docker-entrypoint.sh rabbitmqctl --quiet eval '
    case {rabbit_boot_state:get(), rabbit_prelaunch:get_stop_reason(), whereis(rabbit_outside_app_process)} of
      {stopped, {error, _}, undefined} -> failed;
      _ ->
        {dictionary, Known} = process_info(whereis(global_name_server), dictionary),
        [Node || {{pre_connect, Node}, _} <- Known, lists:member(Node, nodes())]
    end.' 2>/dev/null
}

# The container's first process waits for it, and ends with it.
end_broker() {
  local process
  echo "broker-watch: no connections taken for $silent s while another broker serves; ending the broker${1:+: $1}"
  for process in /proc/[0-9]*; do
    if [ "$(cat "$process/comm" 2>/dev/null)" = beam.smp ]; then kill -KILL "${process#/proc/}"; fi
  done
}

silent=0 before=''
while sleep "$every"; do
  if listens || ! another_serves "$@"; then
    silent=0 before=''
    continue
  fi
  silent=$((silent + every))
  if ((silent < patience_before_a_look)); then continue; fi
  now=$(hindrance)
  if [ "$now" = failed ]; then
    end_broker "its start has failed"
    silent=0 now=''
  elif [[ $now == "['"* ]] && [ "$now" = "$before" ]; then
    end_broker "its greeting of $now does not end"
    silent=0 now=''
  elif ((silent >= patience)); then
    end_broker
    silent=0
  fi
  before=$now
done
