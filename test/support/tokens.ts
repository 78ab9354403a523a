// Tokens for tests of who may do what.
import { createHash, randomBytes } from "node:crypto";

/** A token, and how the manifest knows it. */
export function tokenOf(name: string, role: string): { readonly token: string; readonly entry: string } {
  const token = randomBytes(32).toString("base64url");
  const sha256 = createHash("sha256").update(token).digest("hex");
  return { token, entry: `{ name: ${name}, role: ${role}, sha256: "${sha256}" }` };
}
