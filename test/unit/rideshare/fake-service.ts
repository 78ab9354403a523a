// The database service as a small world: db/read and db/write over HTTP, with the worst copies its promises allow.
// An eventual read is answered from the oldest copy that its minimum position permits; answers may be lost on demand.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeCopy, type Sql } from "./fake-copy.ts";

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
  #writes: Sql[] = [];
  #newest = new FakeCopy();
  #lagging = new FakeCopy();
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

  get tables() {
    const rowsOf = (table: string) => this.#newest.read({ sql: `SELECT * FROM ${table}` }).rows;
    return { users: rowsOf("users"), rides: rowsOf("rides"), riders: rowsOf("riders") };
  }

  /** As after a service that was removed with its data and set up again. */
  startOver(): void {
    this.#close();
    this.#writes = [];
    this.#newest = new FakeCopy();
    this.#lagging = new FakeCopy();
    this.#answers.clear();
  }

  #close(): void {
    this.#newest.close();
    this.#lagging.close();
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#close();
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
    const statement = body as unknown as Sql;
    if (path === "/api/v1/db/read") {
      const isStrong = body.consistency === "strong";
      return this.#read(statement, isStrong ? "strong" : Number(headers["x-dbaas-min-position"] ?? 0));
    }
    const key = String(headers["idempotency-key"]);
    const answer = this.#answers.get(key) ?? this.#write(statement);
    this.#answers.set(key, answer);
    return answer;
  }

  #write(statement: Sql): Answer {
    const written = this.#newest.write(statement);
    if (written === "conflict") return refuse(409, "constraint_violation");
    this.#writes.push(statement);
    const { position } = this.#newest;
    return { status: 200, body: { ...written, position }, position };
  }

  #read(query: Sql, freshness: "strong" | number): Answer {
    if (freshness !== "strong" && freshness > this.#newest.position) return refuse(503, "not_fresh");
    const copy = freshness === "strong" ? this.#newest : this.#copyAt(freshness);
    const answer = copy.read(query);
    if (answer.rows.length > this.answerRowsMax) return refuse(413, "too_large");
    return { status: 200, body: answer, position: copy.position };
  }

  #copyAt(position: number): FakeCopy {
    if (this.#lagging.position > position) {
      this.#lagging.close();
      this.#lagging = new FakeCopy();
    }
    for (const write of this.#writes.slice(this.#lagging.position, position)) this.#lagging.write(write);
    return this.#lagging;
  }
}
