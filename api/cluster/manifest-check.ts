// Whether a text is a valid manifest. The parser's time grows with the text, up to seconds: it is not this thread's.
import { Worker } from "node:worker_threads";
import { messageOf, TransientError } from "../../core/errors.ts";

export type Checked =
  | { readonly ok: true }
  /** @property field the first place that is wrong; the message has all of them, with line and column */
  | { readonly ok: false; readonly message: string; readonly field: string };

const checkWithinMs = 10_000;
const memoryMib = 256;

const tooMuch: Checked = {
  ok: false,
  message: "takes too much memory to check: this is no manifest",
  field: "(document)",
};

/** @throws TransientError when the check did not come to its end: that says nothing of the text, a valid one may pass the next time */
export function checkManifest(text: string, withinMs = checkWithinMs): Promise<Checked> {
  const thread = new Worker(new URL("./check-manifest.ts", import.meta.url), {
    workerData: text,
    resourceLimits: { maxOldGenerationSizeMb: memoryMib },
  });
  const checked = new Promise<Checked>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", (error) => {
      if (isOfText(error)) resolve(tooMuch);
      else reject(new TransientError(`the manifest could not be looked over: ${messageOf(error)}`));
    });
  });
  return inTime(checked, withinMs).finally(() => void thread.terminate());
}

/** It ran out of memory or of stack. */
const isOfText = (error: unknown): boolean =>
  error instanceof RangeError ||
  (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY");

function inTime(checked: Promise<Checked>, withinMs: number): Promise<Checked> {
  return new Promise((resolve, reject) => {
    const late = new TransientError(`the manifest was not looked over within ${withinMs} ms; send it again`);
    // Not before what came meanwhile is looked at: this thread, too, may have stood still for so long.
    const timer = setTimeout(() => setImmediate(() => reject(late)), withinMs);
    checked.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
