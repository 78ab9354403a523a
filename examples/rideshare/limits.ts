// Every bound of the two microservices. They are wide on purpose: long names and numbers are the clients' good right.

export const limits = {
  /** Within this a request is answered, failovers of the database included. */
  requestMs: 30_000,
  /** A single try at the database: a little longer than the service itself waits. */
  attemptMs: 12_000,
  bodyBytesMax: 8 * 1024 * 1024,
  /** Names stand in paths too. */
  headerBytesMax: 1024 * 1024,
  pageRowsMax: 5_000,
  incomingConnectionsMax: 2_000,
  /** How long a stopping process lets running requests finish. */
  stopMs: 8_000,
} as const;
