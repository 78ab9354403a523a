// `./dbaas torture`: breaks a cluster of its own in every way it knows, while clients use it, and says whether the service
// kept its word. Ends with 0 when it did, 1 when it did not, 2 when it was called wrongly, 3 when the
// torture itself failed.
import { argumentsFrom, type Catalogues, HelpWanted, UsageError } from "./arguments.ts";

// The pieces that this program shares with the end-to-end tests find their cluster by these.
process.env.DBAAS_E2E_CLUSTER = process.env.DBAAS_TORTURE_CLUSTER ?? "dbaas-torture";
process.env.DBAAS_E2E_PORT = process.env.DBAAS_TORTURE_PORT ?? "18070";

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<number> {
  const [{ catalogue, masterDeaths }, onHosts] = await Promise.all([
    import("./faults/catalogue.ts"),
    import("./hosts/faults/catalogue.ts"),
  ]);
  const catalogues: Catalogues = {
    1: { faults: catalogue, between: masterDeaths },
    3: onHosts.hostsCatalogue,
  };
  const options = argumentsFrom(process.argv.slice(2), catalogues, Date.now() % 1_000_000);
  if (options.list) {
    const { faults, onlyByName = [] } = catalogues[options.hosts];
    for (const { name, what } of [...faults, ...onlyByName]) print(`${name.padEnd(34)}${what}`);
    return 0;
  }
  const { torture } = await import("./run.ts");
  const world =
    options.hosts === 1
      ? (await import("./one-host/world.ts")).oneHost(options.keep)
      : (await import("./hosts/world.ts")).severalHosts(options.keep);
  const interrupted = new AbortController();
  // The step that is under way is finished, so that nothing stays cut or frozen; the second time it ends at once.
  process.once("SIGINT", () => interrupted.abort());
  const { violations, report } = await torture(options, world, print, interrupted.signal);
  print(`\n${report}`);
  return violations.length === 0 ? 0 : 1;
}

/** Waits until what was printed has left the process: an exit does not. */
const finish = (code: number): void => {
  process.stdout.write("", () => process.exit(code));
};

main().then(finish, (error: unknown) => {
  if (error instanceof HelpWanted) {
    print(error.message);
    return finish(0);
  }
  if (error instanceof UsageError) print(`dbaas: ${error.message}`);
  else print(`the torture itself failed: ${error instanceof Error ? error.stack : String(error)}`);
  finish(error instanceof UsageError ? 2 : 3);
});
