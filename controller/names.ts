// PURE. What our containers and volumes are called and labelled. The names are deterministic, so that creating one twice fails
// instead of doubling it.

export const labels = {
  cluster: "dbaas.cluster",
  uid: "dbaas.uid",
  worker: "dbaas.worker",
  spec: "dbaas.spec",
} as const;

export const workerName = (ordinal: number): string => `w-${ordinal}`;

/** Also the name of its volume. */
export const containerName = (cluster: string, worker: string): string => `${cluster}-${worker}`;

const workerPattern = /^w-([1-9]\d{0,5})$/;

/** @returns null when it is no worker's name */
export function ordinalOf(worker: string): number | null {
  const match = workerPattern.exec(worker);
  return match === null ? null : Number(match[1]);
}

/** As the host name inside the container has it, and so as workers name themselves. */
export const shortId = (containerId: string): string => containerId.slice(0, 12);
