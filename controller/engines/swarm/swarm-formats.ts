// PURE: how a worker's container is described as a service, and how its newest task shows it. The service stays when the worker
// ends, with no task: it is the record of the worker's volume and of the host that it is on.
import { assertNever } from "../../../core/errors.ts";
import type { HostNode } from "../../../core/state/znodes.ts";
import { labels, shortId } from "../../names.ts";
import type { ContainerSeen, Ending, WorkerContainer } from "../../ports.ts";
import { endingInWords, endingOf, workersAlias } from "../docker/docker-formats.ts";
import type { Labelled } from "../ownership.ts";
import type { SwarmService, SwarmTask } from "./swarm-types.ts";

/** Where a service's one task runs. */
export interface SwarmPlace {
  readonly nodeId: string;
  readonly number: number;
  /** By the names of secrets. */
  readonly secretIds: ReadonlyMap<string, string>;
}

const temporaryBytes = 64 * 2 ** 20;
const stickyForAll = 0o1777;
const readableByAll = 0o444;

const pinnedTo = (nodeId: string): string => `node.id==${nodeId}`;

/** As in deploy/stack.yml: a lost host's name may be answered by nothing, and a lookup takes one of the threads that SQLite works in. */
const lookupOptions = "timeout:1 attempts:1";

const ofHost = (number: number) => ({
  RABBITMQ_PREFERRED: `rabbitmq-${number}`,
  ZOOKEEPER_PREFERRED: `zookeeper-${number}`,
  RES_OPTIONS: lookupOptions,
});

/** With no task: starting is a second step. */
export function serviceOf(container: WorkerContainer, { nodeId, number, secretIds }: SwarmPlace) {
  const { name, image, command, volume, dataDir, network } = container;
  const environment = { ...container.environment, ...ofHost(number) };
  return {
    Name: name,
    Labels: { ...container.labels },
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        Args: [...command],
        Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
        Labels: { ...container.labels },
        Init: true,
        ReadOnly: true,
        CapabilityDrop: ["ALL"],
        Privileges: { NoNewPrivileges: true },
        // A worker that hangs is not waited for.
        StopGracePeriod: 0,
        Mounts: [
          {
            Type: "volume",
            Source: volume.name,
            Target: dataDir,
            VolumeOptions: { Labels: { ...volume.labels } },
          },
          {
            Type: "tmpfs",
            Target: "/tmp",
            TmpfsOptions: { SizeBytes: temporaryBytes, Mode: stickyForAll },
          },
        ],
        Secrets: container.secrets.map(({ name: secret, file }) => ({
          SecretID: secretIds.get(secret) ?? "",
          SecretName: secret,
          File: { Name: file, UID: "0", GID: "0", Mode: readableByAll },
        })),
      },
      Resources: { Limits: { MemoryBytes: container.memoryBytes, Pids: container.pidsMax } },
      RestartPolicy: { Condition: "none" },
      Placement: { Constraints: [pinnedTo(nodeId)] },
      Networks: [{ Target: network, Aliases: [workersAlias] }],
      LogDriver: { Name: "json-file", Options: { "max-size": "10m", "max-file": "3" } },
    },
    Mode: { Replicated: { Replicas: 0 } },
    EndpointSpec: { Mode: "dnsrr" },
  };
}

/**
 * A service that is to run again. Its last task has ended and may not be gone yet: until then it would count as the one that the
 * service asks for, as long as it was made from the same words, and no other would ever be started.
 */
export const renewed = (spec: ReturnType<typeof serviceOf>, { Spec }: SwarmService) => ({
  ...spec,
  TaskTemplate: { ...spec.TaskTemplate, ForceUpdate: (Spec.TaskTemplate.ForceUpdate ?? 0) + 1 },
});

export const labelledService = ({ Spec }: SwarmService): Labelled => ({
  name: Spec.Name,
  labels: Spec.Labels ?? {},
});

export const workerOf = ({ Spec }: SwarmService): string => Spec.Labels?.[labels.worker] ?? "";

/** The id of the node that it is pinned to. */
export const nodeOf = ({ Spec }: SwarmService): string | undefined =>
  Spec.TaskTemplate.Placement?.Constraints?.map((one) => /^node\.id ?== ?(\S+)$/.exec(one)?.[1]).find(
    (id) => id !== undefined,
  );

export const shallRun = ({ Spec }: SwarmService): boolean => (Spec.Mode.Replicated?.Replicas ?? 0) > 0;

type Course = "coming" | "running" | "over";

const over: ReadonlySet<string> = new Set([
  "complete",
  "shutdown",
  "failed",
  "rejected",
  "remove",
  "orphaned",
]);

export const courseOf = ({ Status }: SwarmTask): Course =>
  Status.State === "running" ? "running" : over.has(Status.State) ? "over" : "coming";

export const newestOf = (tasks: readonly SwarmTask[], serviceId: string): SwarmTask | null =>
  tasks
    .filter(({ ServiceID }) => ServiceID === serviceId)
    .reduce<SwarmTask | null>(
      (best, one) => (best === null || one.CreatedAt > best.CreatedAt ? one : best),
      null,
    );

export const containerIdOf = ({ Status, ID }: SwarmTask): string => Status.ContainerStatus?.ContainerID || ID;

export const pidOf = ({ Status }: SwarmTask): number => Status.ContainerStatus?.PID ?? 0;

const atMs = (time: string): number => Math.max(0, Date.parse(time) || 0);

/** Where a service's task is, as far as that can be seen. */
export interface SeenOn {
  readonly host: string;
  readonly reachable: boolean;
  readonly note: HostNode | null;
  /** For how long the task has been seen to be over. */
  readonly overForMs: number;
  readonly isKilledByUs: boolean;
}

/** A host tells a little later than Swarm whether a killed process had wanted too much memory. */
const toldWithinMs = 500;

/** @returns null when there is no container to see */
export function seenOf(service: SwarmService, task: SwarmTask | null, on: SeenOn): ContainerSeen | null {
  if (task === null) return null;
  const course = courseOf(task);
  if (!shallRun(service) && course === "over") return null;
  const id = containerIdOf(task);
  const seen: ContainerSeen = {
    id,
    shortId: shortId(id),
    worker: workerOf(service),
    host: on.host,
    specHash: service.Spec.Labels?.[labels.spec] ?? "",
    state: "going",
    pid: 0,
    startedAtMs: atMs(task.CreatedAt),
    finishedAtMs: 0,
    ending: null,
    endedWith: "",
  };
  const changedAtMs = atMs(task.Status.Timestamp);
  const running: ContainerSeen = { ...seen, state: "running", pid: pidOf(task), startedAtMs: changedAtMs };
  if (!on.reachable) return { ...seen, state: "unknown" };
  switch (course) {
    case "coming":
      return { ...seen, finishedAtMs: seen.startedAtMs };
    case "running":
      return shallRun(service) && task.DesiredState === "running"
        ? running
        : { ...seen, finishedAtMs: changedAtMs };
    case "over": {
      const ending = endingIn(task, on);
      if (ending === null) return running;
      return {
        ...seen,
        state: "dead",
        finishedAtMs: changedAtMs,
        ending,
        endedWith: endedWith(task, ending),
      };
    }
    default:
      return assertNever(course);
  }
}

/** @returns null while it is not known whether a killed process was killed from outside */
function endingIn(task: SwarmTask, { note, overForMs, isKilledByUs }: SeenOn): Ending | null {
  const exitCode = task.Status.ContainerStatus?.ExitCode ?? 0;
  const ending = endingOf(exitCode, false);
  if (ending !== "killed") return task.Status.Err && exitCode === 0 ? "crashed" : ending;
  const told = note?.killed[shortId(containerIdOf(task))];
  if (told !== undefined) return told;
  if (isKilledByUs) return "killed";
  return overForMs < toldWithinMs ? null : "killed";
}

function endedWith({ Status }: SwarmTask, ending: Ending): string {
  const exitCode = Status.ContainerStatus?.ExitCode ?? 0;
  if (exitCode === 0 && Status.Err) return Status.Err;
  return endingInWords(exitCode, ending === "outOfMemory");
}
