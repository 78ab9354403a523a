/** What one server of several is to the others, as it tells itself. `waits`: it answers, and takes no part. `away`: it does not answer. */
export type ServerRole = "leads" | "follows" | "waits" | "away";
