// The service as the command line meets it, on a database in this process: SQL in db/read and db/write, keys, clear, and the mark of a
// restore.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { Service } from "../../../cli/data/service.ts";
import { toJson } from "../../../client/json.ts";
import { noBackups } from "../../../core/rules/backups.ts";
import type { BackupsNode } from "../../../core/state/znodes.ts";

type Bound = null | bigint | number | string | Uint8Array;

interface Statement {
  readonly sql: string;
  readonly params?: readonly unknown[];
}

function boundOf(param: unknown): Bound {
  if (typeof param === "number") return Number.isSafeInteger(param) ? BigInt(param) : param;
  if (typeof param !== "object" || param === null) return param as Bound;
  const typed = param as Readonly<Record<string, string | number>>;
  if (typed.integer !== undefined) return BigInt(typed.integer);
  if (typed.base64 !== undefined) return Buffer.from(String(typed.base64), "base64");
  return Number(typed.real);
}

const shown = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  return value;
};

export class FakeService {
  readonly database = new DatabaseSync(":memory:");
  readonly keys = new Map<string, string>();
  /** How many more writes are taken; then the service fails for good. */
  writesLeft = Number.POSITIVE_INFINITY;
  writes = 0;
  /** The body of the last read. */
  read: unknown;
  attempt: string | null = null;
  /** How far the log is. */
  position = 0;
  backups: BackupsNode = noBackups;
  readonly #server: Server;

  constructor() {
    this.database.exec("PRAGMA foreign_keys = ON");
    this.#server = createServer((req, res) => {
      void this.#answer(req, res).catch((error: unknown) =>
        this.#refuse(res, 400, "bad_request", error instanceof Error ? error.message : String(error)),
      );
    });
  }

  async start(): Promise<Service> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return new Service({ url: this.url, token: undefined });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? "/", "http://fake");
    const body = await text(req);
    if (url.pathname === "/api/v1/db/restore") return this.#mark(req, url, res);
    if (url.pathname === "/api/v1/db/backups") return void res.end(JSON.stringify(this.backups));
    if (this.attempt !== (req.headers["x-dbaas-restore"] ?? null))
      return this.#refuse(res, 409, "conflict", "a backup is being restored");
    if (url.pathname === "/api/v1/db/clear") return this.#clear(res);
    res.setHeader("X-DBaaS-Position", String(this.position));
    if (url.pathname === "/api/v1/db/read") {
      this.read = JSON.parse(body);
      return void res.end(toJson(this.#run(this.read as Statement)));
    }
    this.#write(String(req.headers["idempotency-key"]), JSON.parse(body), res);
  }

  #mark(req: IncomingMessage, url: URL, res: ServerResponse): void {
    if (req.method === "PUT")
      this.attempt = url.searchParams.get("done") === "true" ? null : url.searchParams.get("attempt");
    res.end(JSON.stringify({ restore: this.attempt === null ? null : { attempt: this.attempt, atMs: 0 } }));
  }

  #clear(res: ServerResponse): void {
    const tables = this.database.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    );
    this.database.exec("PRAGMA foreign_keys = OFF");
    for (const { name } of tables.all()) this.database.exec(`DELETE FROM "${name}"`);
    this.database.exec("PRAGMA foreign_keys = ON");
    res.end('{"rowsAffected":0,"position":1}');
  }

  #write(
    key: string,
    body: Statement | { readonly statements: readonly Statement[] },
    res: ServerResponse,
  ): void {
    const known = this.keys.get(key);
    if (known !== undefined) {
      res.end(known);
      return;
    }
    if (this.writesLeft <= 0) {
      this.#refuse(res, 409, "conflict", "out of order");
      return;
    }
    this.writesLeft -= 1;
    this.writes += 1;
    this.database.exec("BEGIN");
    try {
      const answers = "statements" in body ? body.statements.map((one) => this.#run(one)) : [this.#run(body)];
      this.database.exec("COMMIT");
      const rowsAffected = answers.reduce((sum, one) => sum + Number(one.rowsAffected), 0);
      const answer = toJson({ ...answers[0], rowsAffected, position: this.writes });
      this.keys.set(key, answer);
      res.end(answer);
    } catch (error) {
      this.database.exec("ROLLBACK");
      throw error;
    }
  }

  #run({ sql, params = [] }: Statement): Readonly<Record<string, unknown>> {
    const statement = this.database.prepare(sql);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    const before = Number(this.database.prepare("SELECT total_changes() AS n").get()?.n);
    const rows = statement.all(...params.map(boundOf)) as unknown as readonly (readonly unknown[])[];
    const after = Number(this.database.prepare("SELECT total_changes() AS n").get()?.n);
    return {
      rowsAffected: after - before,
      columns: statement.columns().map(({ name, type }) => ({ name, type })),
      rows: rows.map((row) => row.map(shown)),
    };
  }

  #refuse(res: ServerResponse, status: number, code: string, message: string): void {
    res.writeHead(status).end(JSON.stringify({ error: { code, message } }));
  }
}
