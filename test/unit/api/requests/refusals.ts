import assert from "node:assert/strict";
import { Refusal } from "../../../../core/errors.ts";

/** What the parser says of a body that it must not understand. */
export const refusal = (parse: (body: unknown) => unknown, body: unknown): Refusal => {
  try {
    parse(body);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error;
  }
  return assert.fail(`${JSON.stringify(body)} was understood`);
};
