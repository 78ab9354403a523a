#!/usr/bin/env bash
# Run by docker-compose.override.yml, in a container of its own without a network, before the broker starts: makes the
# cluster's credentials once, in the file that ./dbaas uses as well, and puts a copy where the other containers read it.
#   write-credentials.sh CLUSTER DEPLOY STATE CREDENTIALS, the last three being deploy/, .dbaas/ and that place
set -euo pipefail
umask 077
# shellcheck source=/dev/null
. "$2/cluster.sh"

file=$3/$1.env copy=$4/credentials.env settings=$4/orchestrator.sh
# A file that was lost comes back from the copy: the broker's volume knows these passwords and no others.
cat "$file" >"$file.new" 2>/dev/null || cat "$copy" >"$file.new" 2>/dev/null || true
add_credentials RABBITMQ "$file.new"
add_credentials ZOOKEEPER "$file.new"
mv "$file.new" "$file"
# The engine makes a missing folder as root: it belongs to the owner of the others.
chown --reference="$2" "$3" "$file"
# What the broker and the orchestrator read, as different users. Nothing else mounts this volume.
# shellcheck source=/dev/null
. "$file"
cat >"$settings.new" <<EOF
export RABBITMQ_URL=amqp://$RABBITMQ_USER:$RABBITMQ_PASSWORD@rabbitmq:5672
export ZOOKEEPER=$ZOOKEEPER_USER:$ZOOKEEPER_PASSWORD@zookeeper:2181
EOF
cp "$file" "$copy.new"
chmod 444 "$settings.new" "$copy.new"
mv "$settings.new" "$settings"
mv "$copy.new" "$copy"
