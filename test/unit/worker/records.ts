// Records of the log by their size.
import { encodeRecord } from "../../../core/log/record.ts";

/** @param bytes of the one answer that it carries */
export const recordOf = (position: number, bytes: number): Buffer =>
  encodeRecord({
    kind: "batch",
    epoch: 1,
    position,
    atMs: 0,
    effects: [],
    keys: [{ key: "k", ok: true, answer: "x".repeat(bytes) }],
  });
