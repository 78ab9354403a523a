// Whether a text is a valid manifest. The parser's time grows with the text, up to seconds: it is not this thread's.
import { Worker } from "node:worker_threads";

export type Checked =
  | { readonly ok: true }
  /** @property field the first place that is wrong; the message has all of them, with line and column */
  | { readonly ok: false; readonly message: string; readonly field: string };

const checkWithinMs = 10_000;
const memoryMib = 256;

const tooMuch: Checked = {
  ok: false,
  message: "takes too long to check: this is no manifest",
  field: "(document)",
};

export function checkManifest(text: string): Promise<Checked> {
  const thread = new Worker(new URL("./check-manifest.ts", import.meta.url), {
    workerData: text,
    resourceLimits: { maxOldGenerationSizeMb: memoryMib },
  });
  return new Promise((resolve) => {
    const end = (checked: Checked) => {
      clearTimeout(timer);
      void thread.terminate();
      resolve(checked);
    };
    const timer = setTimeout(() => end(tooMuch), checkWithinMs);
    thread.once("message", end);
    // It ran out of memory or of stack.
    thread.once("error", () => end(tooMuch));
  });
}
