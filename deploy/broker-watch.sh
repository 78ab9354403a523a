#!/bin/bash
# broker-watch.sh FILE BROKER…: runs beside a broker of several, in its container. It ends a broker that does not get well by itself, so that its
# container is started again.
#
# A broker that was cut off stops and starts by itself (pause_minority). Where the network comes back to one node before the other, that may go
# wrong in two ways. Erlang's `global` greets every node that it finds, and a greeting may never end while the broker's start waits for it:
# once in eighteen such returns with RabbitMQ 3.10 on Erlang 25, whose "global hang workaround" does not work there. A greeting takes
# milliseconds: one that two looks find with the same connected node does not end. Or the start fails because a node goes while it is
# asked, as once with RabbitMQ 4.0, and nobody tries again. One that an operator has stopped by hand is no such thing. Whatever else keeps a broker
# from taking connections has ten minutes.
#
# A broker that stood still for seconds with all of its host may find the others again before it knows that it was away: then it does not
# stop, and the tables that Mnesia keeps of queues stay apart for ever. What is sent at one broker to a queue of another one is lost then:
# answers, and what witnesses say. The log tells when that happens: its lines about it are in FILE.
set -u
every=5 patience_before_a_look=10 patience=600
# So long those wait that are apart from fewer than most others, for these to be started anew first; and each for the one before it.
after_the_most=30 after_each=10
told=$1 && shift

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

all_serve() {
  local broker
  for broker in "$@"; do takes_connections "$broker" || return 1; done
}

evaluated() { timeout 10 docker-entrypoint.sh rabbitmqctl --quiet eval "$1" 2>/dev/null; }

# What keeps it from taking connections for ever, in words; nothing where nothing is known to.
hindrance() {
  evaluated '
    {dictionary, Known} = process_info(whereis(global_name_server), dictionary),
    Greeted = [Node || {{pre_connect, Node}, _} <- Known, lists:member(Node, nodes())],
    case {rabbit_boot_state:get(), rabbit_prelaunch:get_stop_reason(), whereis(rabbit_outside_app_process)} of
      {stopped, {error, _}, undefined} -> io:format("its start has failed~n");
      _ when Greeted =/= [] -> io:format("its greeting of ~0p does not end~n", [Greeted]);
      _ -> ok
    end.' | grep -o 'its .*' | head -n 1
}

# The container's first process waits for it, and ends with it.
end_broker() {
  local process
  echo "broker-watch: ending the broker: $1"
  for process in /proc/[0-9]*; do
    if [ "$(cat "$process/comm" 2>/dev/null)" = beam.smp ]; then kill -KILL "${process#/proc/}"; fi
  done
}

# Its place among the brokers, from 1.
place() {
  local place=1 broker
  for broker in "$@"; do
    if [ "$broker" = "$(hostname)" ]; then break; fi
    place=$((place + 1))
  done
  echo "$place"
}

# Ends a broker whose tables are apart from others', one of them at a time and while all others serve. Without an answer it waits on.
end_if_apart() {
  local lines others wait
  lines=$(wc -l 2>/dev/null <"$told" || echo 0)
  if ((lines <= settled)); then return; fi
  others=$(evaluated 'length(rabbit_node_monitor:partitions()).')
  case $others in
    0) settled=$lines apart=0 ;;
    [1-9])
      if ! all_serve "$@"; then
        apart=0
        return
      fi
      apart=$((apart + every))
      wait=$(($(place "$@") * after_each))
      if ((others * 2 < $#)); then wait=$((wait + after_the_most)); fi
      if ((apart < wait)); then return; fi
      end_broker "its tables of queues are apart from those of $others others"
      apart=0
      ;;
  esac
}

silent=0 before='' apart=0 settled=0
while sleep "$every"; do
  if listens; then
    silent=0 before=''
    end_if_apart "$@"
    continue
  fi
  apart=0
  if ! another_serves "$@"; then
    silent=0 before=''
    continue
  fi
  silent=$((silent + every))
  if ((silent < patience_before_a_look)); then continue; fi
  now=$(hindrance)
  # What two looks find stays.
  if { [ -n "$now" ] && [ "$now" = "$before" ]; } || ((silent >= patience)); then
    end_broker "no connections taken for $silent s while another broker serves${now:+: $now}"
    silent=0 now=''
  fi
  before=$now
done
