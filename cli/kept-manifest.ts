// The manifest of a cluster on several hosts, which stands in ZooKeeper: `./dbaas` takes it from here before an edit, and puts the new
// one there, as it does with the file on one host.
import { type Command, Option } from "commander";
import { CliError, exitCodes } from "./exit.ts";
import type { Surroundings } from "./manifest-commands.ts";
import type { ClusterView, KeptManifest } from "./view.ts";
import { digestOf, requireWhole, withMark } from "./whole.ts";

type View = Pick<ClusterView, "keptManifest" | "keepManifest">;

/** @throws CliError when there is none */
export async function keptBy(view: View): Promise<KeptManifest> {
  const kept = await view.keptManifest();
  if (kept !== null) return kept;
  throw new CliError(
    exitCodes.unreachable,
    "ZooKeeper holds no manifest yet: the controller brings the first one",
  );
}

/** @param before the checksum of the one that it is an edit of. @throws CliError when that is not there any more */
export async function replaceKept(view: View, text: string, before: string): Promise<void> {
  // Only here: it takes as long to load as the rest of the command line.
  const { parseManifest } = await import("../core/manifest/parse.ts");
  parseManifest(text);
  const { text: there, version } = await keptBy(view);
  if (digestOf(there) !== before || !(await view.keepManifest(text, version)))
    throw new CliError(
      exitCodes.failed,
      "the manifest was changed by another program meanwhile; nothing was changed by this command",
    );
}

export function keptManifestCommands(
  program: Command,
  { withView, input, out }: Pick<Surroundings, "withView" | "input" | "out">,
): void {
  program
    .command("kept-manifest", { hidden: true })
    .action(() => withView(async (view) => out(withMark((await keptBy(view)).text))));
  program
    .command("keep-manifest", { hidden: true })
    .requiredOption("--before <digest>")
    .addOption(new Option("--sha256 <digest>"))
    .action(async ({ before, sha256 }: { readonly before: string; readonly sha256?: string }) => {
      const text = requireWhole(await input(), sha256);
      await withView((view) => replaceKept(view, text, before));
    });
}
