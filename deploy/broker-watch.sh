#!/bin/bash
# broker-watch.sh FILE BROKER…: runs beside a broker of several, in its container. It ends a broker that does not get well by itself, so that its
# container is started again.
#
# A broker that was cut off stops and starts by itself (pause_minority). Where the network comes back to one node before the other, that may go
# wrong in two ways. Erlang's `global` greets every node that it finds, and the broker's start waits for the greetings. They may never end: one
# waits for what was said before, or they cancel each other and begin anew thousands of times a second, in ever more memory (issue 9117 of
# erlang/otp). Both were seen with RabbitMQ 3.10 on Erlang 25, where its "global hang workaround" does not help. A greeting takes milliseconds:
# one that two looks find does not end. Or the start fails because a node goes while it is asked, as once with RabbitMQ 4.0, and nobody tries
# again. One that an operator has stopped by hand is no such thing. Whatever else keeps a broker from taking connections has ten minutes.
#
# A broker that stood still for seconds with all of its host may find the others again before it knows that it was away: then it does not
# stop, and the tables that Mnesia keeps of queues stay apart for ever. What is sent at one broker to a queue of another one is lost then:
# answers, and what witnesses say.
#
# And one broker keeps count of the copies that a stream has. Where it alone does not hear another one for a while, it takes that one's copy for
# disconnected, and nothing that it hears later tells it better: the copy runs, and is given to nobody who is connected to its broker. Once it
# has ended it is started again, and known again.
#
# The broker's log tells when one of these two may have happened: its lines about them are added to FILE.
set -u
every=5 patience_before_a_look=10 patience=600
# So long those wait that are apart from fewer than most others, for these to be started anew first; and each for the one before it. What
# a look sees may be 5 s old, and a look takes a second or two.
after_the_most=30 after_each=12
told=$1 && shift

# Seconds since the host was started: the clock may be set.
now() {
  local up
  read -r up _ </proc/uptime
  echo "${up%%.*}"
}

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

evaluated() { timeout -k 5 10 docker-entrypoint.sh rabbitmqctl --quiet eval "$1" 2>/dev/null; }

# What keeps it from taking connections for ever, in words; nothing where nothing is known to. Fails where it does not say.
hindrance() {
  local said
  said=$(evaluated '
    Waits = [1 || Process <- processes(), {_, Stack} <- [process_info(Process, current_stacktrace)],
      lists:any(fun(Call) -> element(2, Call) =:= global_sync end, Stack)],
    case {rabbit_boot_state:get(), rabbit_prelaunch:get_stop_reason(), whereis(rabbit_outside_app_process)} of
      {stopped, {error, _}, undefined} -> io:format("its start has failed~n");
      _ when Waits =/= [] -> io:format("its greeting of the others does not end~n");
      _ -> ok
    end.') || return
  grep -o 'its .*' <<<"$said" | head -n 1
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

# What the log has told of is looked at until nothing of it is left. Without an answer it waits on.
mend_what_is_told() {
  local said others heard unsure unknown
  if [ -s "$told" ]; then
    : >"$told"
    is_well=no
  fi
  if [ $is_well = yes ]; then
    together_at=$(now)
    return
  fi
  said=$(evaluated '
    Copies = [{Copy, rabbit_stream_coordinator:local_pid(Stream)} ||
      {Stream, Copy, _, _} <- supervisor:which_children(osiris_server_sup), is_pid(Copy)],
    Unknown = [pid_to_list(Copy) || {Copy, {error, not_found}} <- Copies],
    Known = [Copy || {Copy, {ok, _}} <- Copies],
    Unsure = length(Copies) - length(Known) - length(Unknown),
    io:format("~b ~b ~b ~s.~n", [length(rabbit_node_monitor:partitions()), length(nodes()), Unsure, lists:join(",", Unknown)]).') || return
  [[ $said =~ ^([0-9]+)' '([0-9]+)' '([0-9]+)' '([0-9.,<>]*)'.' ]] || return
  others=${BASH_REMATCH[1]} heard=${BASH_REMATCH[2]} unsure=${BASH_REMATCH[3]} unknown=${BASH_REMATCH[4]}
  if ((others + unsure == 0)) && [ -z "$unknown" ]; then is_well=yes; fi
  # Without a majority nobody would start a copy again, and what is asked here may be old.
  if ((heard * 2 < $# - 1)); then unknown=''; fi
  end_copies_if_unknown "$unknown"
  end_if_apart "$others" "$heard" "$@"
}

# end_copies_if_unknown PIDS: what two looks find stays.
end_copies_if_unknown() {
  if [ -n "$1" ] && [ "$1" = "$unknown_before" ]; then
    echo "broker-watch: ending its copy of a stream, which the brokers take for disconnected though it runs"
    evaluated "[exit(list_to_pid(Pid), kill) || Pid <- string:lexemes(\"$1\", \",\")]." >/dev/null
  fi
  unknown_before=$1
}

# end_if_apart OTHERS HEARD BROKER…: ends a broker whose tables are apart from others', one of them at a time, while all others serve and it
# hears them all.
end_if_apart() {
  local others=$1 heard=$2 wait
  shift 2
  # A port of a host that stands still takes connections.
  if ((others == 0)) || ((heard < $# - 1)) || ! all_serve "$@"; then
    together_at=$(now)
    return
  fi
  wait=$(($(place "$@") * after_each))
  if ((others * 2 < $#)); then wait=$((wait + after_the_most)); fi
  if (($(now) - together_at < wait)); then return; fi
  end_broker "its tables of queues are apart from those of $others others"
  together_at=$(now)
}

# What two looks find stays. The first is later for each broker that comes before this one: two that hinder each other do not end at once.
end_if_hindered() {
  local silent why
  silent=$(($(now) - served_at))
  if ((silent < patience_before_a_look + ($(place "$@") - 1) * every)); then return; fi
  if ((silent < patience)); then
    why=$(hindrance) || return
    if [ -z "$why" ] || [ "$why" != "$before" ]; then
      before=$why
      return
    fi
  fi
  end_broker "no connections taken for $silent s while another broker serves${why:+: $why}"
  served_at=$(now) before=''
}

is_well=yes together_at=$(now) served_at=$(now) before='' unknown_before=''
# Nobody writes to it: reading from it waits, without a process that could fail to start.
exec {idle}<> <(:)
while :; do
  read -rt "$every" -u "$idle"
  if listens; then
    served_at=$(now) before=''
    mend_what_is_told "$@"
    continue
  fi
  together_at=$(now)
  if another_serves "$@"; then
    end_if_hindered "$@"
  else
    served_at=$(now) before=''
  fi
done
