// An engine under test, and what a test has made on it.
import assert from "node:assert/strict";
import { workerContainer } from "../../controller/engines/worker-container.ts";
import type {
  ContainerRef,
  ContainerSeen,
  Engine,
  EngineOpener,
  EngineView,
  HostNotes,
  StartedContainer,
  Target,
  WorkerContainer,
} from "../../controller/ports.ts";
import { TransientError } from "../../core/errors.ts";
import { sleep } from "../../platform/process/waiting.ts";

export interface EngineUnderTest {
  /** Of this test run alone. */
  readonly cluster: string;
  readonly image: string;
  readonly network: string;
  /** What a container does until it is ended: it must end by SIGTERM and by SIGKILL. */
  readonly command: readonly string[];
  /** What that has written when it has begun. */
  readonly words: string;
  readonly open: () => Promise<{ readonly opener: EngineOpener; readonly notes: HostNotes }>;
  /** From outside, as an operator or the kernel would. */
  readonly crash: (container: ContainerSeen) => Promise<void>;
  readonly removeVolume: (worker: string, host: string) => Promise<void>;
  /**
   * Whether the command runs below the engine's init. Before that init passes signals on, the kernel drops them: it is process 1.
   */
  readonly hasBegun: (container: ContainerSeen) => Promise<boolean>;
  /** Whether one that is slow to end by SIGKILL is taken away: then it is gone, and nothing tells how it ended. */
  readonly mayBeGone?: boolean;
  readonly close: () => Promise<void>;
}

export const uid = "uid-of-the-contract";
const withinMs = 60_000;
const spec = { memoryBytes: 128 * 2 ** 20, pidsMax: 64, readyWithinMs: 1, drainWithinMs: 1 };

export class TriedEngine {
  readonly #tested: EngineUnderTest;
  readonly #started = new Map<string, StartedContainer & { readonly host: string }>();
  #opened: { readonly opener: EngineOpener; readonly notes: HostNotes; readonly engine: Engine } | undefined;
  first = "";

  constructor(tested: EngineUnderTest) {
    this.#tested = tested;
  }

  async open(): Promise<void> {
    const { opener, notes } = await this.#tested.open();
    this.#opened = { opener, notes, engine: opener.open(uid, notes) };
    const { hosts } = await this.until("every host is reachable", (view) =>
      view.hosts.every(({ reachable }) => reachable),
    );
    this.first = hosts[0]?.name ?? "";
  }

  uid(): Promise<string | null> {
    assert.ok(this.#opened);
    return this.#opened.opener.uid(this.#opened.notes);
  }

  openAs(owner: string): Engine {
    assert.ok(this.#opened);
    return this.#opened.opener.open(owner, this.#opened.notes);
  }

  get engine(): Engine {
    assert.ok(this.#opened);
    return this.#opened.engine;
  }

  wanted(worker: string, host = this.first, owner = uid): WorkerContainer {
    const { cluster, image, network, command } = this.#tested;
    const settings = { cluster, uid: owner, image, network, environment: { SOME: "thing" } };
    return { ...workerContainer(settings, spec, { worker, host, image: null }), command };
  }

  async run(worker: string, host = this.first): Promise<void> {
    const container = this.wanted(worker, host);
    await this.engine.claimVolume(container);
    const made = await this.engine.create(container);
    const started = await this.engine.start(made).catch((error: unknown) => this.#startedLate(worker, error));
    this.#started.set(worker, { ...started, host });
  }

  /** An engine that does not see it run in time has told it to start all the same: it is seen later. */
  async #startedLate(worker: string, error: unknown): Promise<StartedContainer> {
    if (!(error instanceof TransientError)) throw error;
    const isRunning = (one: ContainerSeen): boolean => one.worker === worker && one.state === "running";
    const { ours } = await this.until(`${worker} runs`, (view) => view.ours.some(isRunning));
    const seen = ours.find(isRunning);
    assert.ok(seen);
    return { id: seen.id, pid: seen.pid };
  }

  startedAs(worker: string): StartedContainer & { readonly host: string } {
    const started = this.#started.get(worker);
    assert.ok(started);
    return started;
  }

  refTo(worker: string): ContainerRef {
    const { id, host } = this.startedAs(worker);
    return { worker, host, id };
  }

  startedOn(worker: string): string {
    return this.#started.get(worker)?.host ?? "";
  }

  async seen(worker: string): Promise<ContainerSeen | undefined> {
    const { ours } = await this.until("there is a view", () => true);
    return ours.find((one) => one.worker === worker);
  }

  async target(worker: string): Promise<Target> {
    const seen = await this.seen(worker);
    assert.equal(seen?.state, "running");
    return { worker, host: seen.host, id: seen.id, container: seen.shortId, pid: seen.pid };
  }

  async untilBegun(worker: string): Promise<void> {
    await this.until(`the command of ${worker} has begun`, async ({ ours }) => {
      const seen = ours.find((one) => one.worker === worker);
      return seen !== undefined && this.#tested.hasBegun(seen);
    });
  }

  async until(what: string, holds: (view: EngineView) => boolean | Promise<boolean>): Promise<EngineView> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const view = await this.#viewIf(holds);
      if (view !== undefined) return view;
      if (performance.now() > deadline) assert.fail(`not within ${withinMs} ms: ${what}`);
      await sleep(20);
    }
  }

  /** An engine that cannot be seen for a moment has shown nothing yet. */
  async #viewIf(holds: (view: EngineView) => boolean | Promise<boolean>): Promise<EngineView | undefined> {
    try {
      const view = await this.engine.view();
      return (await holds(view)) ? view : undefined;
    } catch (error) {
      if (error instanceof TransientError) return undefined;
      throw error;
    }
  }

  async untilDead(worker: string): Promise<ContainerSeen> {
    const { ours } = await this.until(`${worker} is dead`, (view) =>
      view.ours.some((one) => one.worker === worker && one.state === "dead"),
    );
    const seen = ours.find((one) => one.worker === worker);
    assert.ok(seen);
    return seen;
  }

  async untilDeadOrGone(worker: string): Promise<ContainerSeen | undefined> {
    const { ours } = await this.until(`${worker} is dead or gone`, (view) =>
      view.ours.every((one) => one.worker !== worker || one.state === "dead"),
    );
    return ours.find((one) => one.worker === worker);
  }
}
