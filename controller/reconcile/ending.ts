// PURE. How a container ended, and what that says of what its worker had in hand.
import type { Ending } from "../ports.ts";

/** A request that brings a worker down makes it end by itself; a kill from outside says nothing about requests. */
export const endedByItself = (ending: Ending | null): boolean => ending !== "killed";
