// What an operator of the microservices reads: one JSON object a line on stderr.

export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

const readable = (value: unknown): unknown =>
  value instanceof Error
    ? { message: value.message, ...(value.cause === undefined ? {} : { cause: readable(value.cause) }) }
    : value;

export const createLog =
  (service: string): Log =>
  (message, fields = {}) => {
    const entries = Object.entries(fields).map(([name, value]) => [name, readable(value)] as const);
    const line = { time: new Date().toISOString(), service, message, ...Object.fromEntries(entries) };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  };
