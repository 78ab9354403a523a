#!/bin/bash
# As the official image's entry point: the user named by the environment is made at the first start, the server runs as
# `rabbitmq`. The server itself reads RABBITMQ_NODENAME and its kind; only the first user has to be written into a file, in
# /tmp, because the container's own file system is read-only.
set -eu

if [ "$(id -u)" = 0 ] && [[ "$1" == rabbitmq* ]]; then
  find /var/lib/rabbitmq ! -user rabbitmq -exec chown rabbitmq:rabbitmq '{}' +
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$0" "$@"
fi

if [ "$1" = rabbitmq-server ] && [ -n "${RABBITMQ_DEFAULT_USER:-}" ]; then
  umask 077
  {
    echo "default_user = $RABBITMQ_DEFAULT_USER"
    echo "default_pass = ${RABBITMQ_DEFAULT_PASS:?RABBITMQ_DEFAULT_USER needs RABBITMQ_DEFAULT_PASS}"
    if [ -n "${RABBITMQ_DEFAULT_VHOST:-}" ]; then echo "default_vhost = $RABBITMQ_DEFAULT_VHOST"; fi
  } >/tmp/rabbitmq.conf
  export RABBITMQ_CONFIG_FILE=/tmp/rabbitmq
fi

case "$1" in
  # The package's wrapper insists on being root and changes the user once more; its own server script does not.
  rabbitmq-server) shift && exec /usr/lib/rabbitmq/bin/rabbitmq-server "$@" ;;
  rabbitmq*) command=$1 && shift && exec "/usr/lib/rabbitmq/bin/$command" "$@" ;;
  *) exec "$@" ;;
esac
