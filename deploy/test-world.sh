# shellcheck shell=bash
# shellcheck disable=SC2030,SC2031  # the integration services live under another cluster name, in a shell of their own
# What the tests run against: a RabbitMQ and a ZooKeeper for the integration tests, and the place for the clusters that the
# end-to-end tests, the journeys and the torture bring up by themselves. All go when the tests end; clusters of other names
# are not touched.

END_TO_END=${DBAAS_E2E_CLUSTER:-dbaas-e2e} # as in tools/cluster/settings.ts
INTEGRATION=services-of-$END_TO_END

# An interrupted run may have left either. The two start while types and style are checked.
make_test_world() {
  remove_test_world
  (CLUSTER=$INTEGRATION && start_services)
}

start_services() {
  ensure_credentials
  quietly "compose-$CLUSTER" compose up --detach --no-build zookeeper rabbitmq
}

offer_test_world() {
  local broker zookeeper name
  broker=$(published_port rabbitmq 5672)
  zookeeper=$(published_port zookeeper 2181)
  for name in rabbitmq zookeeper; do
    wait_until 60 is_healthy "$INTEGRATION-$name" ||
      die "$name for the tests did not start; it says: docker logs $INTEGRATION-$name"
  done
  # shellcheck source=/dev/null
  . "$STATE/$INTEGRATION.env"
  export TEST_RABBITMQ_URL=amqp://$RABBITMQ_USER:$RABBITMQ_PASSWORD@$broker TEST_ZOOKEEPER=$zookeeper
  unset RABBITMQ_USER RABBITMQ_PASSWORD
}

remove_test_world() {
  local name
  for name in "$INTEGRATION" "$END_TO_END" "journeys-of-$END_TO_END" "torture-of-$END_TO_END"; do
    DBAAS_CLUSTER=$name "$ROOT/dbaas" down --volumes >/dev/null 2>&1 </dev/null || true
  done
}

is_healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' "$1" 2>/dev/null)" = healthy ]; }

published_port() { docker port "$INTEGRATION-$1" "$2" | head -n 1; }
