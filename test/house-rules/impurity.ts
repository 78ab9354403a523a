// PURE. What a PURE file must not have: a clock, chance, the process, timers, the network, or anything that waits.
import { type Node, SyntaxKind } from "typescript/unstable/ast";
import * as is from "typescript/unstable/ast/is";

export interface Impurity {
  readonly line: number;
  readonly what: string;
  /** The global name it uses: harmless where the file gives that name to a value of its own. */
  readonly global?: string;
}

const globals = new Set([
  ...[
    "process",
    "performance",
    "console",
    "fetch",
    "crypto",
    "globalThis",
    "window",
    "document",
    "navigator",
  ],
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame"],
  ...["localStorage", "WebSocket", "EventSource", "XMLHttpRequest", "AbortSignal", "Promise"],
]);

type Found = Omit<Impurity, "line">;

export function impurityOf(node: Node): Found | undefined {
  if (node.kind === SyntaxKind.AsyncKeyword) return { what: "async" };
  if (node.kind === SyntaxKind.AwaitKeyword || is.isAwaitExpression(node)) return { what: "await" };
  if (is.isNewExpression(node)) return freshDate(node.expression, node.arguments?.length ?? 0);
  if (is.isCallExpression(node)) return freshDate(node.expression, 0);
  if (is.isPropertyAccessExpression(node)) return clockOrChance(node.expression, node.name.text);
  if (is.isIdentifier(node) && globals.has(node.text) && isUse(node))
    return { what: node.text, global: node.text };
  return undefined;
}

/** `new Date()` and `Date()` read the clock; `new Date(ms)` does not. */
const freshDate = (called: Node, given: number): Found | undefined =>
  is.isIdentifier(called) && called.text === "Date" && given === 0
    ? { what: "the present date", global: "Date" }
    : undefined;

function clockOrChance(owner: Node, name: string): Found | undefined {
  if (!is.isIdentifier(owner)) return undefined;
  const what = `${owner.text}.${name}`;
  return what === "Date.now" || what === "Math.random" ? { what, global: owner.text } : undefined;
}

/** Whether an identifier is a value that is looked at, and not the name of a member, a declaration or a type. */
function isUse(node: Node): boolean {
  const parent = node.parent;
  if ("name" in parent && parent.name === node) return is.isShorthandPropertyAssignment(parent);
  if ("propertyName" in parent && parent.propertyName === node) return false;
  return !is.isTypeReferenceNode(parent) && !is.isImportSpecifier(parent) && !is.isQualifiedName(parent);
}
