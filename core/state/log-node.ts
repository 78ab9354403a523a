// PURE: the payload of the znode `log`, by which workers know whose copy may go on (core/rules/trust.ts).

/** How far a copy is. A later epoch is fuller than any position of an earlier one. */
export interface Place {
  readonly epoch: number;
  readonly position: number;
}

/** What is known of the acknowledged data. A master writes it before it takes writes, and from time to time (core/rules/trust.ts). */
export interface LogNode extends Place {
  /** Of the broker that ran then: it forgets this with everything it had only in memory. */
  readonly broker: string;
  /** The worker that led last: its copy holds every acknowledged write. */
  readonly master: string;
  /** Workers on other hosts: each acknowledged write is on the disk of one of them as well. Absent: of the master's alone. */
  readonly witnesses?: readonly string[];
  /** By the names of the master and the witnesses: the ids of the copies that they had then (core/rules/copy-ids.ts). */
  readonly copyIds?: Readonly<Record<string, string>>;
  /** The last word of a mastership: no write was answered beyond this place, and none will be until the next master has written here. */
  readonly final?: true;
}
