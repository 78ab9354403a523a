// What the roles of a worker stand on, for one session.
import type { Judge } from "../../core/log/record.ts";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import type { Paths, Place, TablesNode } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Confirming } from "../copy/confirming.ts";
import type { Broker, Feed, Ledger, Members, RecordWriter, Session, Suspicion } from "../ports.ts";
import type { AnswerReads } from "../read/slave.ts";
import type { Role } from "./role.ts";
import type { SeenMemory } from "./seen-memory.ts";
import type { Witnesses } from "./witnesses.ts";

export interface RoleOptions {
  readonly name: string;
  readonly rabbit: Broker;
  readonly session: Session;
  readonly membership: Members;
  readonly suspects: Suspicion;
  readonly paths: Paths;
  readonly ledger: Ledger;
  readonly reader: Feed;
  readonly writer: RecordWriter;
  readonly judge: Judge;
  readonly memory: Pick<SeenMemory, "asked" | "leads">;
  /** Set when the log does not hold this copy and goes on from it once its worker leads: where it stands. */
  readonly adoptsFrom?: Place | undefined;
  readonly time: Clock;
  readonly answerReads: AnswerReads;
  /** Says to a master on another host what is on this one's disk; absent where there is but one host. */
  readonly confirming?: Pick<Confirming, "run" | "wake" | "masterIsOn"> | undefined;
  /** Listens to those that confirm what the master of that epoch writes. */
  readonly gather: (epoch: number) => Promise<Witnesses>;
  readonly spec: () => ManifestSpec;
  readonly log: Log;
  /** What tables there are, each time that a master's have changed or could not be changed. */
  readonly onTables?: (tables: TablesNode) => void;
  /** It is elected, and takes over: it is master only once it has done that. */
  readonly onElected: () => void;
  readonly onRole: (role: Role) => void;
  readonly onReads: (reads: number) => void;
  readonly onWrites: (writes: number) => void;
}
