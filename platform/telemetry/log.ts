// The one door to pino. Text for people by default, one JSON object a line with LOG_FORMAT=json.
import { type Logger, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";

export type Log = Logger;

export interface LogOptions {
  readonly program: string;
  readonly format: "text" | "json";
  readonly level: string;
}

export function createLog({ program, format, level }: LogOptions): Log {
  const options = { level, base: { program }, timestamp: stdTimeFunctions.isoTime };
  if (format === "json") return pino({ ...options, formatters: { level: (label) => ({ level: label }) } });
  const stream = pretty({
    sync: true,
    colorize: false,
    translateTime: "SYS:HH:MM:ss.l",
    // `cycle` repeats for machines what the message of a reconcile cycle says in words.
    ignore: "pid,hostname,program,cycle",
    singleLine: true,
    messageFormat: "{program}: {msg}",
  });
  return pino(options, stream);
}
