// The word by which workers say what they are: in their znode, in the status and in metrics.

/** `joining`: has no complete copy yet. `slave`: caught up, serves reads. `draining`: finishes what it holds. */
export type WorkerState = "joining" | "slave" | "draining" | "master";
