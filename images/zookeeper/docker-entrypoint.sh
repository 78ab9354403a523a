#!/bin/bash
# As the official image's entry point: zoo.cfg is written from the ZOO_* variables unless one is mounted, and the server
# runs as `zookeeper`. One server only; the ensemble's variables are not read.
set -eu

if [ "$(id -u)" = 0 ] && [ "$1" = zkServer.sh ]; then
  chown -R zookeeper:zookeeper "$ZOO_DATA_DIR" "$ZOO_DATA_LOG_DIR" "$ZOO_CONF_DIR"
  exec setpriv --reuid=zookeeper --regid=zookeeper --init-groups "$0" "$@"
fi

if [ ! -f "$ZOO_CONF_DIR/zoo.cfg" ]; then
  {
    echo "dataDir=$ZOO_DATA_DIR"
    echo "dataLogDir=$ZOO_DATA_LOG_DIR"
    echo "clientPort=2181"
    echo "tickTime=${ZOO_TICK_TIME:-2000}"
    echo "autopurge.snapRetainCount=${ZOO_AUTOPURGE_SNAPRETAINCOUNT:-3}"
    echo "autopurge.purgeInterval=${ZOO_AUTOPURGE_PURGEINTERVAL:-0}"
    echo "maxClientCnxns=${ZOO_MAX_CLIENT_CNXNS:-60}"
    echo "admin.enableServer=${ZOO_ADMINSERVER_ENABLED:-true}"
    if [ -n "${ZOO_4LW_COMMANDS_WHITELIST:-}" ]; then echo "4lw.commands.whitelist=$ZOO_4LW_COMMANDS_WHITELIST"; fi
    for line in ${ZOO_CFG_EXTRA:-}; do echo "$line"; done
  } >"$ZOO_CONF_DIR/zoo.cfg"
fi

[ "$1" = zkServer.sh ] || exec "$@"
# The packaged jars name the rest of the class path in their manifests; slf4j-simple makes the server's log visible.
jars=/usr/share/java
# shellcheck disable=SC2086  # the flags are a list of words by design
exec java "-Xmx${ZK_SERVER_HEAP:-1000}m" ${SERVER_JVMFLAGS:-} ${JVMFLAGS:-} -cp "$ZOO_CONF_DIR:$jars/zookeeper.jar:$jars/slf4j-simple.jar" \
  org.apache.zookeeper.server.quorum.QuorumPeerMain "$ZOO_CONF_DIR/zoo.cfg"
