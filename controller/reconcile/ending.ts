// PURE. How a container ended.

/** Exit code after SIGKILL. A request that brings a worker down makes it end in other ways. */
const exitAfterSigkill = 137;

export const endedByItself = ({
  exitCode,
  outOfMemory,
}: {
  readonly exitCode: number;
  readonly outOfMemory: boolean;
}): boolean => exitCode !== exitAfterSigkill || outOfMemory;
