// First step of a cycle: what is really there. Containers are looked at before znodes, so that a znode of a container
// made in between is never taken for one of a container that is gone. Whatever cannot be seen for certain fails the cycle:
// missing information never leads to an action.
import { TransientError } from "../../core/errors.ts";
import type { Engine, Registry } from "../ports.ts";
import { type Moment, type Observed, observedOf } from "./workers.ts";

/** @throws TransientError `observe containers` or `observe ZooKeeper` */
export async function observe(engine: Engine, registry: Registry, moment: Moment): Promise<Observed> {
  const containers = await named("observe containers", engine.view());
  const znodes = await named("observe ZooKeeper", registry.view());
  return observedOf(containers, znodes, moment);
}

async function named<T>(what: string, seen: Promise<T>): Promise<T> {
  try {
    return await seen;
  } catch (cause) {
    throw new TransientError(what, { cause });
  }
}
