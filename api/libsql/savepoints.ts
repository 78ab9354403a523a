// The savepoints of a transaction: their names here, their depths at the master, who has them as SQLite does.
import type { SavepointPart } from "../../core/messages/statement.ts";
import type { SavepointRequest } from "../../core/sql/savepoint.ts";

/** SQLite does not mind the case of ASCII's letters. */
const folded = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

export class Savepoints {
  /** Of those that are open, the outermost first. */
  readonly #names: string[] = [];

  /** Of several of one name the last is meant. @returns undefined where there is none of the name */
  depthOf(name: string): number | undefined {
    const depth = this.#names.lastIndexOf(folded(name));
    return depth < 0 ? undefined : depth;
  }

  /** @returns what the master is to do; undefined where there is none of the name */
  part({ does, name }: SavepointRequest): SavepointPart | undefined {
    const depth = does === "set" ? this.#names.length : this.depthOf(name);
    if (depth === undefined) return undefined;
    this.#names.length = does === "undo" ? depth + 1 : depth;
    if (does === "set") this.#names.push(folded(name));
    return { shape: { kind: "savepoint", does, depth }, rows: 1 };
  }
}
