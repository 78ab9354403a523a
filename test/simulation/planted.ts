// Mistakes that the simulation must notice: each takes a safeguard of the product away, or plants a defect again that it once had.
// Where two safeguards hold the same promise, both are taken away.
import type { Edit, Planted } from "./mutants.ts";
import { ofCrowds } from "./planted-crowds.ts";
import { ofHosts } from "./planted-hosts.ts";
import { ofLostCopies } from "./planted-lost-copies.ts";
import { ofTransactions } from "./planted-transactions.ts";

const noFloor: Edit = {
  file: "worker/write/ledger.ts",
  find: "else if (isLate(message)) outcomes[i] = tooLate;",
  put: "",
};
const anyLog: Edit = {
  file: "core/rules/trust.ts",
  find: 'if (!sameMemory(known.broker, memory)) return refuse("the log is not vouched for");',
  put: 'if (!sameMemory(known.broker, memory)) return { kind: "pass" };',
};
const wholeLog = "if (log !== null && sameMemory(log.broker, memory)) return inWholeLog(own, log, seen);";

const ofTheLog: readonly Planted[] = [
  {
    name: "without-epochs",
    title: "a worker whose copy does not look at the epoch",
    seed: 37,
    edits: [
      { file: "core/log/record.ts", find: 'if (record.epoch < applied.epoch) return "stale";', put: "" },
      {
        file: "core/log/record.ts",
        find: 'if (record.epoch > applied.epoch) return "gap"; // its marker never came',
        put: "",
      },
    ],
  },
  {
    name: "without-read-back",
    title: "a worker that commits before its record has come back from the log",
    seed: 34,
    edits: [
      {
        file: "worker/write/master.ts",
        find: "const place = draft.record && (await writer.append(draft.record));",
        put: `const place = draft.record && { offset: ledger.applied.offset + 1, checksum: draft.record.content.toString("latin1", 1, 9) };
              if (draft.record) await this.#options.rabbit.publish(queues.sync, draft.record.content, { persistent: true });`,
      },
    ],
  },
  {
    name: "without-fence",
    title: "a master that does not heed its successor's marker",
    seed: 13,
    edits: [
      { file: "worker/write/log-writer.ts", find: "      this.#fence([entry]);", put: "" },
      {
        file: "worker/write/log-writer.ts",
        find: "    this.#fence(this.#options.reader.take());",
        put: "",
      },
    ],
  },
  {
    name: "without-drain",
    title: "a worker that takes writes before it has read the log to its own marker",
    seed: 1,
    edits: [
      {
        file: "worker/lead/lead.ts",
        find: "if (!(await followUntil(options, scope, markerWithinMs, () => ledger.applied.epoch >= epoch)))",
        put: "if (false)",
      },
    ],
  },
  {
    name: "losing-what-follows",
    title: "a worker that loses what it read behind its own record",
    seed: 555,
    edits: [
      {
        file: "worker/write/log-writer.ts",
        find: "const [entry] = await reader.next(signal, 1);",
        put: "const [entry] = await reader.next(signal);",
      },
    ],
  },
];

const ofRequests: readonly Planted[] = [
  {
    name: "without-keys",
    title: "a worker that does not know what it has done under a key",
    seed: 1,
    edits: [
      {
        file: "worker/write/ledger.ts",
        find: "const before = known.get(item.key);",
        put: "const before = undefined as ReturnType<typeof known.get>;",
      },
      {
        file: "worker/copy/keys.ts",
        find: "`INSERT INTO _dbaas_keys (key,",
        put: "`INSERT OR REPLACE INTO _dbaas_keys (key,",
      },
      noFloor,
    ],
  },
  {
    name: "forgetting-refusals",
    title: "a worker that forgets what it has refused",
    seed: 97,
    edits: [{ file: "worker/write/apply-writes.ts", find: "this.#keep(write, false, body);", put: "" }],
  },
  {
    name: "blaming-the-lost",
    title: "a worker that holds it against a request when a connection is lost",
    seed: 35,
    edits: [
      {
        file: "worker/requests/suspects.ts",
        find: "verdict.undecided.add(id);",
        put: "verdict.guilty.add(id);",
      },
    ],
  },
  {
    name: "early-keys",
    title: "keys that are forgotten while copies of their requests are on their way",
    seed: 9,
    edits: [
      {
        file: "worker/write/chores.ts",
        find: "const ownKeysMinMs = 120_000;",
        put: "const ownKeysMinMs = 0;",
      },
      {
        file: "worker/write/chores.ts",
        find: "Math.max(ownKeysMinMs, 4 * timeoutMs)",
        put: "Math.max(ownKeysMinMs, timeoutMs / 40)",
      },
      {
        file: "worker/write/chores.ts",
        find: "const expireEveryMs = 30_000;",
        put: "const expireEveryMs = 100;",
      },
      noFloor,
    ],
  },
  {
    name: "wall-clock-keys",
    title: "clients' keys that are forgotten by the clock of whoever is master",
    seed: 55,
    edits: [
      {
        file: "worker/write/chores.ts",
        find: "return () => newestKeyMs + Math.max(0, time.now() - startedAtMs);",
        put: "return () => time.now();",
      },
      noFloor,
    ],
  },
];

const ofCopies: readonly Planted[] = [
  {
    name: "any-leader",
    title: "a copy that leads though the log may have lost what only the last master holds",
    seed: 5,
    edits: [
      {
        file: "core/rules/trust.ts",
        find: wholeLog,
        put: 'if (log !== null && (sameMemory(log.broker, memory) || own.joint !== "apart")) return lead;',
      },
      anyLog,
    ],
  },
  {
    name: "poorer-copy",
    title: "a copy that is replaced by one that holds less",
    seed: 5,
    edits: [
      {
        file: "core/rules/trust.ts",
        find: ".filter(({ eligible, place }) => eligible && holdsAll(place, own.place))",
        put: ".filter(({ eligible }) => eligible)",
      },
      {
        file: "worker/copy/attach.ts",
        find: "if (!holdsAll(arrived, this.#store.applied))",
        put: "if (false)",
      },
      {
        file: "core/rules/trust.ts",
        find: wholeLog,
        put: "if (log !== null) return inWholeLog(own, log, seen);",
      },
      anyLog,
    ],
  },
  {
    name: "own-chance",
    title: "a copy on which triggers have a chance of its own",
    seed: 2,
    edits: [
      {
        file: "worker/copy/seen.ts",
        find: "const result = await runRows(connection, compiled, effect, { atMs, seed, references, longPatterns: true });",
        put: `const result = await runRows(connection, compiled, effect, {
                atMs, seed: seed && String(Math.random()), references, longPatterns: true });`,
      },
    ],
  },
  {
    name: "adopting-by-offset",
    title: "a copy that cannot go on from a log that was trimmed and has lost its end",
    seed: 77,
    edits: [
      {
        file: "worker/copy/attach.ts",
        find: "const reader = await LogReader.openAtEnd(this.#source);",
        put: `const reader = await LogReader.open(
                this.#source, { ...this.#store.applied, offset: -1 }, this.#options.signal);`,
      },
    ],
  },
  {
    name: "lowest-names",
    title: "a controller that starts the lowest names, whatever their volumes hold",
    seed: 56,
    edits: [
      {
        file: "controller/reconcile/starts.ts",
        find: "const volumes = volumesByNeed(observed).filter(({ worker }) => !taken.has(worker));",
        put: `const volumes = [...volumesByNeed(observed)]
                .sort((a, b) => (ordinalOf(a.worker) ?? 0) - (ordinalOf(b.worker) ?? 0))
                .filter(({ worker }) => !taken.has(worker));`,
      },
      {
        file: "controller/reconcile/starts.ts",
        find: "const needed = needsOtherCopies(observed)",
        put: "const needed = false",
      },
    ],
  },
  {
    name: "new-uid",
    title: "a controller that takes its own containers for foreign ones once ZooKeeper was emptied",
    seed: 13,
    edits: [
      {
        file: "controller/session.ts",
        find: "const found = await engineOpener.uid(new ZnodeRegistry(session, paths, clock));",
        put: "const found: string | null = null;",
      },
    ],
  },
];

const ofCommands: readonly Planted[] = [
  {
    name: "withdrawn-commands",
    title: "a controller that carries out what its client has withdrawn",
    seed: 476,
    edits: [
      {
        file: "controller/reconcile/act.ts",
        find: 'if (!isWritten) throw new TransientError("the command was withdrawn, nothing was done for it");',
        put: "",
      },
    ],
  },
];

export const planted: readonly Planted[] = [
  ...ofTheLog,
  ...ofRequests,
  ...ofCopies,
  ...ofCommands,
  ...ofLostCopies,
  ...ofCrowds,
  ...ofTransactions,
  ...ofHosts,
];
