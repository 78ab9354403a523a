// The service as those commands use it that move much data: statements with keys of their own, and long deadlines.
import { createHash, randomUUID } from "node:crypto";
import { Dbaas } from "../../client/client.ts";
import type { Backups } from "../../client/cluster-types.ts";
import { DbaasError } from "../../client/errors.ts";
import { exchange } from "../../client/exchange.ts";
import type { SqlAnswer, Statement, WriteAnswer } from "../../client/types.ts";
import { quoted } from "../../core/schema.ts";
import { CliError, exitCodes } from "../exit.ts";
import type { Definition } from "./definitions.ts";
import { isUsers, type SqlStatement } from "./tables.ts";

export interface Address {
  readonly url: string;
  readonly token: string | undefined;
}

/** Failovers, and a service that has much to do, are waited out. */
const withinMs = 120_000;

interface Restore {
  readonly attempt: string;
}

export class Service {
  readonly #client: Dbaas;
  readonly #address: Address;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param attempt of the restore that this one belongs to */
  constructor(address: Address, attempt?: string) {
    this.#address = address;
    const { url, token } = address;
    this.#headers = {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(attempt === undefined ? {} : { "X-DBaaS-Restore": attempt }),
    };
    const send = (target: URL, init: RequestInit) =>
      fetch(target, { ...init, headers: { ...(init.headers as Record<string, string>), ...this.#headers } });
    this.#client = new Dbaas({ url, withinMs, token, fetch: send });
  }

  /** The same after its restore has begun. */
  within(attempt: string): Service {
    return new Service(this.#address, attempt);
  }

  query(sql: string, params: readonly unknown[] = []): Promise<SqlAnswer> {
    return this.said(() => this.#client.query({ sql, params: params as [], consistency: "strong" }));
  }

  /** From a slave that has what this one wrote. */
  ask(sql: string): Promise<SqlAnswer> {
    return this.said(() => this.#client.query({ sql }));
  }

  write(statement: SqlStatement, idempotencyKey: string = randomUUID()): Promise<WriteAnswer> {
    return this.said(() => this.#client.write(statement as Statement, { idempotencyKey }));
  }

  /** All or nothing. */
  together(statements: readonly SqlStatement[], idempotencyKey: string = randomUUID()): Promise<WriteAnswer> {
    const body = { statements: statements as readonly Statement[] };
    return this.said(() => this.#client.write(body, { idempotencyKey }));
  }

  clear(): Promise<WriteAnswer> {
    return this.said(() => this.#client.clear());
  }

  /** Those of users, in the order of their names. */
  async tables(): Promise<readonly { readonly name: string; readonly sql: string }[]> {
    const { rows } = await this.query(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_dbaas%' ESCAPE '\\' ORDER BY name",
    );
    return rows
      .map(([name, sql]) => ({ name: String(name), sql: String(sql ?? "") }))
      .filter(({ name }) => isUsers(name));
  }

  /** Everything that is defined. */
  async definitions(): Promise<readonly Definition[]> {
    const { rows } = await this.query("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid");
    return rows.map(([type, name, table, sql]) => ({
      type: String(type),
      name: String(name),
      table: String(table),
      sql: String(sql ?? ""),
    }));
  }

  async columns(table: string): Promise<readonly string[]> {
    const { columns } = await this.query(`SELECT * FROM ${quoted(table)} LIMIT 0`);
    return columns.map(({ name }) => name);
  }

  async isEmpty(table: string): Promise<boolean> {
    const { rows } = await this.query(`SELECT EXISTS (SELECT 1 FROM ${quoted(table)})`);
    return Number(rows[0]?.[0]) === 0;
  }

  async count(table: string): Promise<number> {
    const { rows } = await this.query(`SELECT count(*) FROM ${quoted(table)}`);
    return Number(rows[0]?.[0]);
  }

  async restoreUnderWay(): Promise<Restore | null> {
    return ((await this.#restore("GET", "")) as { readonly restore: Restore | null }).restore;
  }

  async beginRestore(attempt: string): Promise<void> {
    await this.#restore("PUT", `?attempt=${attempt}`);
  }

  async endRestore(attempt: string): Promise<void> {
    await this.#restore("PUT", `?attempt=${attempt}&done=true`);
  }

  #restore(method: "GET" | "PUT", query: string): Promise<unknown> {
    const url = new URL(`/api/v1/db/restore${query}`, this.#address.url);
    const request = { method, url, headers: this.#headers, withinMs, repeatable: true } as const;
    return this.said(async () => (await exchange(fetch, request)).value);
  }

  /** How far the log is: what was answered before is up to there. */
  async position(): Promise<number> {
    const request = {
      method: "POST",
      url: new URL("/api/v1/db/read", this.#address.url),
      headers: { ...this.#headers, "Content-Type": "application/json" },
      body: JSON.stringify({ sql: "SELECT 1", consistency: "strong" }),
      withinMs,
      repeatable: true,
    } as const;
    const { headers } = await this.said(() => exchange(fetch, request));
    return Number(headers.get("x-dbaas-position"));
  }

  /** The scheduled ones. */
  backups(): Promise<Backups> {
    return this.said(() => this.#client.backups());
  }

  /** The whole database, as it comes. */
  async backup(): Promise<{
    readonly bytes: number;
    readonly position: string;
    readonly body: AsyncIterable<Uint8Array>;
  }> {
    const url = new URL("/api/v1/db/backup", this.#address.url);
    const response = await this.said(() => fetch(url, { headers: this.#headers }));
    if (!response.ok || response.body === null) throw refusedBy(response.status, await response.text());
    return {
      bytes: Number(response.headers.get("content-length")),
      position: response.headers.get("x-dbaas-position") ?? "",
      body: response.body,
    };
  }

  /** @throws CliError with the service's own words when it refuses */
  async said<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (cause) {
      if (cause instanceof CliError) throw cause;
      if (!(cause instanceof DbaasError))
        throw new CliError(exitCodes.unreachable, `cannot reach the API at ${this.#address.url}`, { cause });
      const where = placeOf(cause);
      const hint = cause.status === 401 ? "; put a token into the variable DBAAS_TOKEN" : "";
      throw new CliError(exitCodes.failed, `${where}${cause.message}${hint}`);
    }
  }
}

/** What SQLite says names the column by itself; of several statements it is not said which. */
function placeOf({ field, sqlite }: DbaasError): string {
  if (field === undefined || (sqlite !== undefined && !field.startsWith("statements["))) return "";
  return `${field} `;
}

function refusedBy(status: number, body: string): CliError {
  try {
    const { error } = JSON.parse(body) as { readonly error: { readonly message: string } };
    return new CliError(exitCodes.failed, error.message);
  } catch {
    return new CliError(exitCodes.failed, `the API answered ${status}`);
  }
}

/** A key that is the same each time that the same is sent from the same file. */
export const keyOfPart = (source: string, part: string): string =>
  `data-${createHash("sha256").update(`${source}\n${part}`).digest("hex").slice(0, 40)}`;
