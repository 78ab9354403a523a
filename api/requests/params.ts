// The values of one request, numbered in the order in which its shape refers to them.
import type { Param } from "../../core/messages/statement.ts";

export class Params {
  readonly #values: Param[];

  /** @param first values that already stand before those added, for instance the new values of an update */
  constructor(first: readonly Param[] = []) {
    this.#values = [...first];
  }

  /** @returns the number by which a shape refers to the value */
  add(value: Param): number {
    return this.#values.push(value) - 1;
  }

  get values(): readonly Param[] {
    return this.#values;
  }
}
