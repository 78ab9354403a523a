// Clients that are not measured, and slow the others down if the service lets them: each keeps a number of connections
// busy with requests of one kind, one after the other, until it is told to stop.
import { connect, type Socket } from "node:net";
import { HttpClient, type HttpTarget } from "./http-client.ts";
import { accountColumns, tables } from "./rows.ts";
import { httpPost } from "./workload.ts";

export const neighbourKinds = ["slow writes", "slow reads", "waiting reads", "stalled bodies"] as const;
export type NeighbourKind = (typeof neighbourKinds)[number];

const connections: Readonly<Record<NeighbourKind, number>> = {
  "slow writes": 8,
  "slow reads": 8,
  "waiting reads": 16,
  "stalled bodies": 64,
};

/** A condition that no row meets, over every row: longer than any query may take. */
const conditions = 200;
const nothing = Array.from({ length: conditions }, (_, i) => `note LIKE '%q%${i}%z%'`).join(" OR ");
/** Beyond what the log holds, by as many positions as come within half a second. */
const positionsAhead = 50;
const positionsPerSecond = 100;
const stalledBytes = 1_000_000;
const pauseAfterRefusalMs = 20;

export interface Neighbours {
  /** Answers by status, 0 for a connection that was closed. */
  readonly answers: ReadonlyMap<number, number>;
  stop(): void;
}

/** @param position the log's, when they begin */
export function startNeighbours(target: HttpTarget, kind: NeighbourKind, position: number): Neighbours {
  const answers = new Map<number, number>();
  const count = (status: number): void => void answers.set(status, (answers.get(status) ?? 0) + 1);
  const ask =
    kind === "stalled bodies" ? stalled(target, count) : asking(target, requestsOf(kind, position), count);
  const stops = Array.from({ length: connections[kind] }, ask);
  return { answers, stop: () => stops.forEach((stop) => void stop()) };
}

function requestsOf(kind: Exclude<NeighbourKind, "stalled bodies">, position: number): () => Buffer {
  switch (kind) {
    case "slow writes": {
      const body = JSON.stringify({ op: "delete", table: tables.read, where: nothing });
      const request = httpPost("/api/v1/db/write", body);
      return () => request;
    }
    case "slow reads": {
      const body = JSON.stringify({ table: tables.read, count: true, where: nothing });
      const request = httpPost("/api/v1/db/read", body);
      return () => request;
    }
    case "waiting reads": {
      const body = JSON.stringify({ table: tables.read, columns: accountColumns, where: { id: 1 } });
      const request = httpPost("/api/v1/db/read", body).toString("utf8");
      const startedMs = performance.now();
      return () => {
        const passed = Math.ceil(((performance.now() - startedMs) / 1_000) * positionsPerSecond);
        const header = `X-DBaaS-Min-Position: ${position + passed + positionsAhead}\r\n`;
        return Buffer.from(request.replace("\r\n\r\n", `\r\n${header}\r\n`));
      };
    }
  }
}

const asking =
  (target: HttpTarget, request: () => Buffer, count: (status: number) => void) => (): (() => void) => {
    let stopped = false;
    const client = new HttpClient(target, () => undefined);
    const again = (): void => {
      if (stopped) return;
      client.send(request(), ({ status }) => {
        count(status);
        if (status === 0) reopen();
        else setTimeout(again, pauseAfterRefusalMs);
      });
    };
    const reopen = (): void => {
      if (!stopped) client.open().then(again, () => setTimeout(reopen, 5 * pauseAfterRefusalMs));
    };
    reopen();
    return () => {
      stopped = true;
      client.close();
    };
  };

/** Announces a large body and sends the beginning of it; when the service hangs up, it comes back. */
const stalled = (target: HttpTarget, count: (status: number) => void) => (): (() => void) => {
  let stopped = false;
  let socket: Socket | undefined;
  const open = (): void => {
    if (stopped) return;
    const head =
      `POST /api/v1/db/write HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${stalledBytes}\r\n\r\n{"op":"insert",`;
    socket = connect(target, () => socket?.write(head));
    socket.on("data", (answer: Buffer) => count(Number(answer.toString("latin1", 9, 12))));
    socket.on("error", () => undefined);
    socket.on("close", () => setTimeout(open, pauseAfterRefusalMs));
  };
  open();
  return () => {
    stopped = true;
    socket?.destroy();
  };
};
