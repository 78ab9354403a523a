// PURE. What the exit code of a command says.

export const exitCodes = {
  ok: 0,
  /** It was tried and failed. */
  failed: 1,
  /** Of `diff` alone, as other programs of that name say it. */
  differences: 1,
  /** It was asked for in a way that means nothing. */
  usage: 2,
  /** The cluster, or the part of it that was asked, cannot be reached or has nothing to say yet. */
  unreachable: 3,
  /** The thing that was named does not exist. */
  notFound: 4,
} as const;

export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
