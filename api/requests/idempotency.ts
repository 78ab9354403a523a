// A client's own idempotency key, and the fingerprint that tells a repeat from another request under the same key.
import { createHash } from "node:crypto";
import { Refusal } from "../../core/errors.ts";
import type { WriteStatement } from "../../core/messages/statement.ts";
import { bounds } from "./bounds.ts";
import { canonical } from "./canonical.ts";

export interface ClientKey {
  readonly key: string;
  readonly hash: string;
}

const keyForm = new RegExp(`^[\\x21-\\x7e]{1,${bounds.idempotencyKeyLengthMax}}$`);
const hashLength = 22; // 128 bits in base64url

/** @throws Refusal when the header is there and is not a key */
export function clientKeyFrom(header: string | undefined, statement: WriteStatement): ClientKey | undefined {
  if (header === undefined) return undefined;
  if (!keyForm.test(header))
    throw new Refusal(
      "bad_request",
      `must be 1 to ${bounds.idempotencyKeyLengthMax} visible ASCII characters`,
      "Idempotency-Key",
    );
  return { key: `c:${header}`, hash: fingerprint(statement) };
}

function fingerprint(statement: WriteStatement): string {
  const { shape, rows } = canonical(statement);
  const text = JSON.stringify([shape, rows]);
  return createHash("sha256").update(text).digest("base64url").slice(0, hashLength);
}
