// What the programs need of a message broker, in their own words. rabbit.ts is its adapter; tests and the simulation put a broker
// of their own in its place.
import { TransientError } from "../../core/errors.ts";

export interface Delivery {
  readonly content: Buffer;
  readonly redelivered: boolean;
  readonly correlationId: string;
  readonly replyTo: string;
  /** Only on a stream. */
  readonly streamOffset: number;
  /** The trace that the message belongs to, in the form of the W3C. */
  readonly traceparent: string | undefined;
  /** Safe after the connection is gone: the broker delivers the message again anyway. */
  ack(): void;
  requeue(): void;
}

export interface PublishOptions {
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly persistent?: boolean;
  readonly expirationMs?: number;
  /** The trace that the message belongs to; travels as a header of this name. */
  readonly traceparent?: string | undefined;
}

export interface ConsumeOptions {
  readonly prefetch: number;
  readonly noAck?: boolean;
  /** Where to start in a stream: an offset, "first", "last" (the last chunk), or "next" (what is appended from now on). */
  readonly streamOffset?: number | "first" | "last" | "next";
  readonly exclusive?: boolean;
  /** Of two consumers the one with the higher number gets all messages, as long as it takes them. */
  readonly priority?: number;
}

export interface Consumer {
  /** Takes the consumer off the queue; deliveries already here can still be acked. */
  cancel(): Promise<void>;
  /** Also gives back what was not acked. */
  close(): Promise<void>;
}

export interface LogRetention {
  readonly maxBytes: number;
  readonly maxAgeSeconds: number;
}

/** The broker has the queue and does not take the message: the queue is full. */
export class RefusedMessageError extends TransientError {}

/** Used until anything about it fails; then `ended` fires, and whoever uses it opens another. */
export interface BrokerConnection {
  readonly ended: AbortSignal;
  /** The broker takes no messages at the moment: it is short of memory or disk. */
  readonly blocked: boolean;
  /**
   * The broker that the program would rather have, by its place in the list of memory ids, which did not answer when this connection was
   * opened; undefined when this is the one.
   */
  readonly awayFrom: number | undefined;
  close(): Promise<void>;

  /**
   * Declares the request, answer and dead-letter queues.
   * @throws TerminalError when one exists with other arguments: only an operator can settle that
   */
  declareQueues(): Promise<void>;
  /**
   * Makes the log if it is not there. An existing one keeps its retention, which cannot be changed by declaring.
   * @returns whether it was made
   */
  declareLog(retention: LogRetention): Promise<boolean>;
  /**
   * A queue of this connection's own, gone with it. With `messagesMax` it refuses what is published beyond.
   * @returns its name
   */
  declareTemporary(name?: string, messagesMax?: number): Promise<string>;
  /**
   * Another one than before when records that the broker confirmed may be gone: it was restarted, or the log was made anew. With
   * one broker it stays the same as long as this connection lives. Of several brokers it is the list of their ids, in which those
   * that do not answer are unknown.
   */
  memoryId(): Promise<string>;
  /**
   * Whether the log, read at this broker itself, has this record or one behind it: then the broker has all that stands before it.
   * @param broker its place in the list of memory ids
   * @returns false also when it does not say so in time
   */
  logReaches(broker: number, offset: number): Promise<boolean>;
  /**
   * Whether each broker that answers has this queue: their tables may be apart, and what is sent at one that lacks it goes nowhere. A queue
   * of one connection's own is told as well.
   */
  isKnownEverywhere(queue: string): Promise<boolean>;
  /** How many messages wait, and how many consumers there are. For a stream: how many records it holds, about. */
  depth(queue: string): Promise<{ readonly messages: number; readonly consumers: number }>;
  /** The same for several queues, for onlookers: a queue that does not exist harms nobody else. */
  depths<Q extends string>(names: readonly Q[]): Promise<Readonly<Record<Q, number>>>;

  /** Fire and forget: for answers, which nobody needs to have twice. @returns false when the socket is full */
  send(queue: string, content: Buffer, options?: PublishOptions): boolean;
  /** Resolves once what was sent has left for the broker, or with the connection; undefined when there is room already. */
  cleared(): Promise<void> | undefined;
  /**
   * Resolves once the broker has taken the message.
   * @throws RefusedMessageError when the queue is full
   * @throws TransientError when it has no such queue, or does not say in time: its fate is then unknown
   */
  publish(queue: string, content: Buffer, options?: PublishOptions): Promise<void>;
  /** Each consumer has a prefetch and acks of its own. */
  consume(
    queue: string,
    options: ConsumeOptions,
    onDelivery: (delivery: Delivery) => void,
  ): Promise<Consumer>;
}

/** @param name by which the broker lists the connection. @throws TransientError when the broker does not answer or refuses us */
export type OpenBroker = (name: string) => Promise<BrokerConnection>;
