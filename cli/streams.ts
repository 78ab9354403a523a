// This process's streams: all that is printed goes out before it ends, and it ends with the command that started it.
import { PassThrough, type Readable } from "node:stream";
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

/** To the standard output, as they are. Resolves once they are with the reader. */
export const writeBytes = (bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });

// A reader that is gone wants no more: this is no failure to be told, least of all to it.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", () => process.exit(exitCodes.failed));

/** Ends this process once everything is out that was printed by any part of it: streams keep their order. */
export async function endWith(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map((stream) => write(stream, "")));
  process.exit(code);
}

const tidyWithinMs = 2_000;

let announced: Readable | undefined;

/** What this process is given to read, which ends also where the input behind it stays open. */
export const givenInput = (): Readable => announced ?? process.stdin;

/**
 * For commands that read nothing, or what was announced: behind it their input is a pipe that nothing is written to, which is closed
 * when the program that started them is gone. Otherwise a watch that lost its reader would go on for ever, and so would a restore that
 * was broken off.
 * @param tidy called before this process ends
 */
export function endWithInput(tidy: () => Promise<void>, announcedBytes = 0): void {
  const end = (): void => {
    setTimeout(() => process.exit(exitCodes.failed), tidyWithinMs);
    void tidy().finally(() => process.exit(exitCodes.failed));
  };
  for (const event of ["end", "close", "error"]) process.stdin.once(event, end);
  announced = firstOf(process.stdin, announcedBytes);
  process.stdin.resume();
}

/** So many bytes of it; what comes behind them is read as well, and left. */
function firstOf(input: Readable, bytes: number): Readable {
  const first = new PassThrough();
  let leftBytes = bytes;
  if (leftBytes === 0) first.end();
  input.on("data", (chunk: Buffer) => {
    if (leftBytes === 0) return;
    const part = chunk.subarray(0, leftBytes);
    leftBytes -= part.length;
    const hasRoom = first.write(part);
    if (leftBytes === 0) first.end();
    else if (!hasRoom) {
      input.pause();
      first.once("drain", () => input.resume());
    }
  });
  return first;
}

export const readInput = (): Promise<Buffer> => buffer(process.stdin);
