// A copy under attack: bodies of clients go all the way from the API's parsers to a real SQLite file.
import assert from "node:assert/strict";
import { parseRead } from "../../../api/requests/read-request.ts";
import { parseWrite } from "../../../api/requests/write-request.ts";
import { Refusal } from "../../../core/errors.ts";
import { checksumOf } from "../../../core/log/record.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { answerReads } from "../../../worker/read/answer-reads.ts";
import { ledgerOf } from "../../../worker/write/ledger.ts";
import { committed, done, unlimited } from "../../fakes/commits.ts";
import { openCopy, replying } from "../worker/copies.ts";
import { integer, table, text } from "../worker/schemas.ts";

export const secret = "TOP-SECRET-7f3a";
const schema = {
  tables: [
    table("people", [text("name", { notNull: true }), integer("age"), text("note")], ["name"]),
    table("secrets", [text("id", { notNull: true }), text("value")], ["id"]),
  ],
};

export class AttackedCopy {
  readonly #undoing: (() => Promise<void>)[];
  readonly #store: Store;
  #offset = 100;

  private constructor(store: Store, undoing: (() => Promise<void>)[]) {
    this.#store = store;
    this.#undoing = undoing;
  }

  static async open(): Promise<AttackedCopy> {
    const undoing: (() => Promise<void>)[] = [];
    const store = await openCopy({ after: (undo: () => Promise<void>) => void undoing.push(undo) }, schema);
    const copy = new AttackedCopy(store, undoing);
    await copy.write({ op: "insert", table: "secrets", row: { id: "key", value: secret } });
    await copy.write({ op: "insert", table: "people", row: { name: "asha", age: 36, note: "n" } });
    return copy;
  }

  async close(): Promise<void> {
    for (const undo of this.#undoing.reverse()) await undo();
  }

  /** Another one after each write. */
  get freshName(): string {
    return `n${this.#offset}`;
  }

  async write(body: unknown): Promise<{ readonly ok: boolean; readonly code?: string }> {
    const { shape, rows } = parseWrite(body);
    this.#offset += 1;
    const offset = this.#offset;
    const item = { index: 0, shape: 0, rows, key: `attack-${offset}#0` };
    const input = {
      writes: [{ shape, item, message: "api-1" }],
      chores: [],
      epoch: 1,
      atMs: 1_000,
      logMs: 0,
      limits: unlimited,
    };
    const append = async (content: Buffer) => ({ offset, checksum: checksumOf(content) });
    const [result] = done(await committed(ledgerOf(this.#store), input, append));
    assert.ok(result !== undefined);
    return { ok: result.ok, ...(JSON.parse(String(result.body)) as object) };
  }

  async read(body: unknown): Promise<{ readonly ok: boolean; readonly text: string }> {
    const { shape, params } = parseRead(body);
    const batch = {
      v: 1,
      deadlineMs: Date.now() + 10_000,
      attempt: 1,
      shapes: [shape],
      items: [{ index: 0, shape: 0, params }],
    } as const;
    const answers: { readonly ok: boolean; readonly text: string }[] = [];
    const limits = { queryMs: 1_000, freshWithinMs: 100, answerWithinMs: 10_000 };
    const reply = replying((some) => {
      for (const { ok, body } of some) answers.push({ ok, text: body.toString() });
    });
    await answerReads(this.#store, batch, limits, reply);
    assert.ok(answers[0] !== undefined);
    return answers[0];
  }

  /** Everything that no request here may change. */
  async untouchable() {
    const { writer } = this.#store;
    return {
      secrets: await writer.all("SELECT * FROM secrets"),
      schema: await writer.all("SELECT type, name, sql FROM sqlite_master ORDER BY name"),
      databases: (await writer.all("PRAGMA database_list")).map(({ name }) => name),
    };
  }
}

/** @returns undefined when the body was refused, as bodies may be */
export async function unlessRefused<T>(attempt: () => Promise<T>): Promise<T | undefined> {
  try {
    return await attempt();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    assert.notEqual(error.code, "internal");
    return undefined;
  }
}
