// Every bound of the API program that the manifest does not set.
import { queueLimits } from "../core/messages/queues.ts";

const mebibyte = 1024 * 1024;

export const limits = {
  batchItemsMax: queueLimits.batchItemsMax,
  batchBytesMax: queueLimits.batchBytesMax,
  messageBytesMax: queueLimits.messageBytesMax,
  /** Unanswered requests of one kind; the next one is refused at once. */
  pendingRequestsMax: 4_096,
  pendingBytesMax: 32 * mebibyte,
  /** Bodies that are being received, all together. */
  bodiesBytesMax: 32 * mebibyte,
  /** However large the manifest allows a body to be: it has to fit into one message with its envelope. */
  bodyBytesMax: queueLimits.batchBytesMax,
  connectionsMax: 4_096,
  /** Each costs three times as much as one without TLS. */
  tlsConnectionsMax: 2_048,
  /** How long a request waits for others while messages are on their way. */
  lingerMs: 4,
  /** Messages of one kind on their way at a time, while requests linger; reads get one for each slave besides. */
  messagesInFlight: 2,
  sweepEveryMs: 50,
  /** A read whose slave has not answered by then is also given to another one. */
  staleReadMs: 2_000,
  /** After that the brokers are asked whether they still know the queue of answers: later than a failover where no host is lost. */
  unansweredMs: 3_000,
  /** How long the broker may be away before new requests are refused at once. */
  brokerAwayMs: 1_000,
  readsFlushEveryMs: 250,
  headersBytesMax: 16 * 1_024,
  /** Each field costs a multiple of its bytes in memory. */
  headersMax: 100,
  /** Requests that a client sends before it has the answers to those before them. */
  pipelinedOfConnectionMax: 128,
  pipelinedMax: 1_024,
  headersWithinMs: 5_000,
  slowClientsCheckedEveryMs: 1_000,
  requestWithinMs: 10_000,
  keepAliveMs: 65_000,
  /** Answers that their clients have not taken yet, all together, and how long each may take. */
  unsentBytesMax: 64 * mebibyte,
  unsentLargeBytes: 256 * 1_024,
  unsentWithinMs: 60_000,
  unsentSweptEveryMs: 1_000,
  /** A socket on which nothing moves, in either direction: longer than any request may take (`requests.timeout`). */
  idleSocketMs: 330_000,
  drainWithinMs: 6_000,
  /** Who may listen to the event stream at a time, and how much may wait for a slow one. */
  listenersMax: 64,
  listenerBytesMax: 512 * 1_024,
  heartbeatEveryMs: 15_000,
  sampleEveryMs: 1_000,
} as const;

/** Of the libSQL protocol. */
export const libsqlLimits = {
  /** Of one pipeline, and steps of one batch. */
  requestsMax: 1_024,
  /** Statements of one script. */
  sequenceMax: 10_000,
  /** Of one statement: SQLite takes no more parameters. */
  argsMax: 32_766,
  batonLengthMax: 200,
  /** Streams that are open; the one that idles longest and has no transaction makes room for another. */
  streamsMax: 4_096,
  /** Of those, streams with an open transaction. */
  transactionsMax: 512,
  /** What one transaction, and what all of them, may keep of statements and arguments. */
  transactionBytesMax: mebibyte,
  transactionsBytesMax: 32 * mebibyte,
  /** Texts that one stream stores, and the bytes of them. */
  storedTextsMax: 256,
  storedBytesMax: 256 * 1_024,
  /** Of the scripts that one pipeline names, each as often as it is named. */
  storedScriptsBytesMax: 512 * 1_024,
  /** Of all streams together. */
  storedBytesOfAllMax: 16 * mebibyte,
  /** A result as the protocol writes it. */
  resultBytesMax: 16 * mebibyte,
  /** Of all requests that are being carried out. */
  resultsBytesMax: 64 * mebibyte,
  /** No further request of a pipeline is begun behind so many bytes of results. */
  pipelineBytesEnough: 16 * mebibyte,
} as const;

/**
 * How large the parts of one request may be. The size of the whole body is bounded before any of this, so values and
 * lists of values need no bound of their own; what is bounded here costs more to carry out than to send.
 */
export const bounds = {
  /** Of a table's or column's name. */
  nameLengthMax: 128,
  columnsMax: 500,
  /** Comparisons in one condition: SQLite refuses expressions about three times as deep. */
  comparisonsMax: 256,
  /** Parentheses and NOTs around each other. */
  nestingMax: 50,
  idempotencyKeyLengthMax: 200,
} as const;
