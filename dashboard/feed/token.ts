// The operator's bearer token, where the service asks for one. Kept for this tab only.
import { keptIn } from "./kept.ts";

const kept = keptIn(() => sessionStorage, "dbaas-token");

export const keptToken = (): string | null => kept.get();

export const authorization = (): Readonly<Record<string, string>> => {
  const token = kept.get();
  return token === null ? {} : { Authorization: `Bearer ${token}` };
};

export const keepToken = (token: string): void => kept.set(token);
