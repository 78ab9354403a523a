// The database service as a small world: db/read and db/write over HTTP, with the worst copies its promises allow.
// An eventual read is answered from the oldest copy that its minimum position permits; answers may be lost on demand.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { emptyTables, insert, parseWhere, type Row, remove, type Tables } from "./fake-tables.ts";

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly position?: number;
}

type Json = Readonly<Record<string, unknown>>;

/** What happens to the next request: refused unseen, or carried out with its answer lost. */
export type Fault = "unavailable" | "answerLost";

const refuse = (status: number, code: string): Answer => ({
  status,
  body: { error: { code, message: code } },
});

export class FakeService {
  readonly faults: Fault[] = [];
  /** Paths and bodies in the order of arrival. */
  readonly seen: {
    readonly path: string;
    readonly body: Json;
    readonly headers: IncomingMessage["headers"];
  }[] = [];
  answerRowsMax = Number.POSITIVE_INFINITY;
  #states: Tables[] = [emptyTables];
  #answers = new Map<string, Answer>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<FakeService> {
    const service = new FakeService();
    await new Promise<void>((resolve) => service.#server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  get tables(): Tables {
    return this.#states.at(-1) ?? emptyTables;
  }

  /** As after a service that was removed with its data and set up again. */
  startOver(): void {
    this.#states = [emptyTables];
    this.#answers.clear();
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Json;
    const path = request.url ?? "";
    this.seen.push({ path, body, headers: request.headers });
    const fault = this.faults.shift();
    const answer =
      fault === "unavailable" ? refuse(503, "unavailable") : this.#answer(path, body, request.headers);
    if (fault === "answerLost") return void request.socket.destroy();
    const position = answer.position === undefined ? {} : { "x-dbaas-position": String(answer.position) };
    response.writeHead(answer.status, { "content-type": "application/json", ...position });
    response.end(JSON.stringify(answer.body));
  }

  #answer(path: string, body: Json, headers: IncomingMessage["headers"]): Answer {
    if (path === "/api/v1/db/read") return this.#read(body, Number(headers["x-dbaas-min-position"] ?? 0));
    const key = String(headers["idempotency-key"]);
    const answer = this.#answers.get(key) ?? this.#write(body);
    this.#answers.set(key, answer);
    return answer;
  }

  #write({ op, table, row, where }: Json): Answer {
    const before = this.tables;
    const name = String(table);
    const after =
      op === "insert" ? insert(before, name, row as Row) : remove(before, name, parseWhere(where));
    if (after === "conflict") return refuse(409, "constraint_violation");
    this.#states.push(after);
    const position = this.#states.length - 1;
    const rowsAffected = Math.abs((after[name]?.length ?? 0) - (before[name]?.length ?? 0));
    return { status: 200, body: { rowsAffected, position }, position };
  }

  #read(query: Json, minPosition: number): Answer {
    const newest = this.#states.length - 1;
    if (minPosition > newest) return refuse(503, "not_fresh");
    const position = query.consistency === "strong" ? newest : minPosition;
    const rows = this.#states[position]?.[String(query.table)] ?? [];
    if (query.count === 1) return { status: 200, body: [{ count: rows.length }], position };
    const { columns, where, orderBy, limit } = query as {
      columns: string[];
      where?: unknown;
      orderBy?: string[];
      limit?: number;
    };
    const found = rows.filter(parseWhere(where));
    for (const column of orderBy ?? [])
      found.sort((a, b) => ((a[column] ?? "") < (b[column] ?? "") ? -1 : 1));
    const shown = found.slice(0, limit).map((row) => Object.fromEntries(columns.map((c) => [c, row[c]])));
    if (shown.length > this.answerRowsMax) return refuse(413, "too_large");
    return { status: 200, body: shown, position };
  }
}
