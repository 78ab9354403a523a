// Plain mode's API: Express's own JSON, one message for each request, and a map of who waits for which answer.
import { randomUUID } from "node:crypto";
import express, { type Request, type Response } from "express";
import { type Broker, plainQueues } from "./broker.ts";

const waitMs = 10_000;
const nameForm = /^[a-z_]+$/;
const knownTables = new Set(["accounts", "entries"]);

export async function runApi(broker: Broker, port: number): Promise<void> {
  const { channel } = broker;
  const waiting = new Map<string, (content: Buffer) => void>();
  await channel.consume(plainQueues.response, (message) => {
    if (message === null) return;
    waiting.get(message.properties.correlationId)?.(message.content);
    channel.ack(message);
  });

  const call = (queue: string, body: unknown): Promise<Buffer> => {
    const correlationId = randomUUID();
    return new Promise<Buffer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no answer in time")), waitMs);
      waiting.set(correlationId, (content) => {
        clearTimeout(timer);
        resolve(content);
      });
      const options = { correlationId, replyTo: plainQueues.response, persistent: true };
      channel.sendToQueue(queue, Buffer.from(JSON.stringify(body)), options);
    }).finally(() => waiting.delete(correlationId));
  };

  const route = (queue: string, valid: (body: Body) => boolean) => async (req: Request, res: Response) => {
    if (!valid(req.body)) {
      res.status(400).json({ error: "bad request" });
      return;
    }
    const answered = JSON.parse((await call(queue, req.body)).toString());
    res.status(answered.error === undefined ? 200 : 409).json(answered.error ?? answered.result);
  };

  const app = express();
  app.use(express.json({ limit: "1mb" }));
  app.post("/api/v1/db/read", route(plainQueues.read, isRead));
  app.post("/api/v1/db/write", route(plainQueues.write, isInsert));
  app.listen(port);
}

interface Body {
  readonly table?: unknown;
  readonly columns?: unknown;
  readonly where?: unknown;
  readonly count?: unknown;
  readonly rows?: unknown;
}

const isName = (name: unknown): boolean => typeof name === "string" && nameForm.test(name);
const isKnown = (table: unknown): boolean => typeof table === "string" && knownTables.has(table);

function isRead(body: Body): boolean {
  if (!isKnown(body.table)) return false;
  if (body.count === true) return true;
  const columns = body.columns ?? [];
  const where = body.where ?? {};
  return (
    Array.isArray(columns) &&
    columns.every(isName) &&
    typeof where === "object" &&
    Object.keys(where).every(isName)
  );
}

function isInsert(body: Body): boolean {
  return (
    isKnown(body.table) &&
    Array.isArray(body.rows) &&
    body.rows.every((row) => typeof row === "object" && row !== null && Object.keys(row).every(isName))
  );
}
