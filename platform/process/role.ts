/** What one server of several is to the others, as it tells itself. `away`: it does not say, or does not take part. */
export type ServerRole = "leads" | "follows" | "away";
