// What the page can ask for. The answer of each is the pid that was told to go.
import { authorization } from "./token.ts";

export type Command = "crashMaster" | "crashSlave" | "switchover";

const paths: Readonly<Record<Command, string>> = {
  crashMaster: "/api/v1/crash/master",
  crashSlave: "/api/v1/crash/slave",
  switchover: "/api/v1/master/switchover",
};

/** `refused`: a token is needed, or another one. */
export type Outcome =
  | { readonly kind: "done"; readonly pid: number }
  | { readonly kind: "refused" }
  | { readonly kind: "failed"; readonly message: string };

export async function send(command: Command): Promise<Outcome> {
  try {
    const response = await fetch(paths[command], { method: "POST", headers: authorization() });
    // Without it, no token would help: the page came under a name that the service does not know.
    if (response.headers.has("WWW-Authenticate")) return { kind: "refused" };
    const body: unknown = await response.json().catch(() => null);
    if (response.ok) return { kind: "done", pid: Array.isArray(body) ? Number(body[0]) : 0 };
    return { kind: "failed", message: messageIn(body) ?? `the service answered ${response.status}` };
  } catch {
    return { kind: "failed", message: "the service cannot be reached" };
  }
}

function messageIn(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("error" in body)) return undefined;
  const { error } = body;
  if (typeof error !== "object" || error === null || !("message" in error)) return undefined;
  return typeof error.message === "string" ? error.message : undefined;
}
