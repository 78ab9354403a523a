// This process's streams: all that is printed goes out before it ends, and it ends with the command that started it.
import { buffer } from "node:stream/consumers";
import { exitCodes } from "./exit.ts";

export interface Printer {
  /** Resolves once the text is with the reader: what is printed again and again waits for one that is slow. */
  readonly print: (text: string) => Promise<void>;
  /** Whether a person sees it as it comes. */
  readonly isTerminal: boolean;
}

const write = (stream: NodeJS.WriteStream, written: string): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.write(written, (error) => (error ? reject(error) : resolve()));
  });

const printerTo = (stream: NodeJS.WriteStream): Printer => ({
  print: (written) => write(stream, written),
  // Behind `docker exec` this program sees pipes; `./dbaas` tells what its own output is.
  isTerminal: stream.isTTY || process.env.DBAAS_TERMINAL === "1",
});

export const screen = printerTo(process.stdout);
export const errors = printerTo(process.stderr);

// A reader that is gone wants no more: this is no failure to be told, least of all to it.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", () => process.exit(exitCodes.failed));

/** Ends this process once everything is out that was printed by any part of it: streams keep their order. */
export async function endWith(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map((stream) => write(stream, "")));
  process.exit(code);
}

const tidyWithinMs = 2_000;

/**
 * For commands that read nothing: their input is a pipe without a writer, which is closed when the program that started them is gone.
 * Otherwise a watch that lost its reader would go on for ever.
 * @param tidy called before this process ends
 */
export function endWithInput(tidy: () => Promise<void>): void {
  const end = (): void => {
    setTimeout(() => process.exit(exitCodes.failed), tidyWithinMs);
    void tidy().finally(() => process.exit(exitCodes.failed));
  };
  for (const event of ["end", "close", "error"]) process.stdin.once(event, end);
  process.stdin.resume();
}

export const readInput = (): Promise<Buffer> => buffer(process.stdin);
