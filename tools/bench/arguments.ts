// PURE. The command line of the bench; `./dbaas bench --help` explains it.
import { parseArgs } from "node:util";
import { type ScenarioName, scenarioNames } from "./pace.ts";

export interface Arguments {
  readonly full: boolean;
  readonly scenarios: readonly ScenarioName[];
}

/** @throws TypeError or Error in words for the user */
export function argumentsFrom(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      full: { type: "boolean", default: false },
      only: { type: "string", default: scenarioNames.join(",") },
    },
  });
  return { full: values.full, scenarios: values.only.split(",").map(scenarioNamed) };
}

function scenarioNamed(name: string): ScenarioName {
  const known = scenarioNames.find((candidate) => candidate === name);
  if (known === undefined)
    throw new Error(`there is no scenario ${name}; there are ${scenarioNames.join(", ")}`);
  return known;
}
