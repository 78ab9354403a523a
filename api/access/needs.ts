// PURE: which role a route needs, and which roles suffice.
import { type Role, roles } from "../../core/access.ts";

/** What a route asks of its caller. `anyone`: probes and pages, which hold nothing of the data. */
export type Need = Role | "anyone";

export const suffices = (role: Role, need: Need): boolean =>
  need === "anyone" || roles.indexOf(role) >= roles.indexOf(need);
