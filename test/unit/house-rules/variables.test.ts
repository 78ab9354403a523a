// The rule on variables finds what it is for.
import assert from "node:assert/strict";
import { it } from "node:test";
import { untoldVariables, type VariableRules } from "../../house-rules/variables.ts";
import { planted, problems } from "./planted.ts";

const rules: VariableRules = {
  programs: ["api"],
  documents: { "README.md": /^OTEL_/, "docs/settings.md": /^/ },
  inner: { INNER: "the script sets it", GONE: "nobody reads it" },
};

const main = `const env = process.env;
const a = variable(env, "TOLD");
const b = variable(
  process.env,
  "UNTOLD",
  "x",
);
const c = env.ALSO_UNTOLD ?? process.env.INNER;
const { TOLD: told, THIRD } = env;
env.SET = "x";
if (environment.OTEL_TOLD === "" || environment.OTEL_UNTOLD === "") throw new Error("no");
`;

const document = `\`OTEL_UNTOLD\` \`TOLD_FILE\`

| variable | program | |
|---|---|---|
| \`TOLD\`, \`UNREAD\` | api | \`OTHER\` |

| word | program |
| \`WORD\` | api |
`;

it("every variable that a program reads stands in the document for it, and none that no program reads", () => {
  const tree = planted({
    "api/main.ts": main,
    "tools/main.ts": 'variable(env, "OF_A_TOOL");',
    "docs/settings.md": document,
    "README.md": "OTEL_TOLD=1",
  });
  assert.deepEqual(problems(untoldVariables(tree, rules)), [
    "api/main.ts:3: UNTOLD does not stand in docs/settings.md",
    "api/main.ts:8: ALSO_UNTOLD does not stand in docs/settings.md",
    "api/main.ts:11: OTEL_UNTOLD does not stand in README.md",
    "api/main.ts:9: THIRD does not stand in docs/settings.md",
    "test/house-rules/house.ts:1: no program reads GONE",
    "docs/settings.md:5: no program reads UNREAD",
  ]);
});
