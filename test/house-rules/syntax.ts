// The facts of the sources that the house rules judge, read from the syntax trees that the TypeScript compiler itself makes.
// Only this file knows the compiler's interface, which is still called unstable.
import assert from "node:assert/strict";
import { posix } from "node:path";
import {
  type ImportClause,
  type ImportSpecifier,
  type Node,
  type SourceFile,
  SyntaxKind,
} from "typescript/unstable/ast";
import * as is from "typescript/unstable/ast/is";
import { createVirtualFileSystem } from "typescript/unstable/fs";
import { API } from "typescript/unstable/sync";
import { type Impurity, impurityOf } from "./impurity.ts";
import type { Tree } from "./tree.ts";

export interface Import {
  readonly line: number;
  readonly specifier: string;
  /** The file of the repository that is meant. */
  readonly file?: string;
  /** The package that is meant, `node:fs` and its like included. */
  readonly package?: string;
  /** As the other file calls them. */
  readonly names: readonly string[];
  /** All that the other file exports. */
  readonly all: boolean;
  /** Those of the names that are left when the types are gone. */
  readonly values: readonly string[];
}

export interface Export {
  readonly line: number;
  readonly name: string;
  readonly kind: "value" | "type";
  /** Types that its declaration names. */
  readonly types: readonly string[];
}

export interface LongPiece {
  readonly line: number;
  readonly name: string;
  readonly lines: number;
  /** It holds tests: a list of them, not something that a reader has to hold in mind as a whole. */
  readonly suite: boolean;
}

export interface TestTitle {
  readonly line: number;
  /** From the outermost suite to the test. `…` stands for what is filled in. */
  readonly titles: readonly string[];
}

export interface Source {
  readonly path: string;
  /** The comment at the head of the file. */
  readonly head: string;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly functions: readonly LongPiece[];
  readonly impurities: readonly Impurity[];
  readonly tests: readonly TestTitle[];
}

/** Parses all TypeScript files of the tree. Types are not looked at, and nothing outside the tree is read. */
export function parseSources(tree: Tree): readonly Source[] {
  const paths = [...tree.keys()].filter((path) => path.endsWith(".ts"));
  const project = { compilerOptions: { noLib: true, noResolve: true, types: [] }, files: paths };
  const files: Record<string, string> = { "/tree/tsconfig.json": JSON.stringify(project) };
  for (const path of paths) files[`/tree/${path}`] = tree.get(path) ?? "";
  const compiler = new API({ cwd: "/tree", fs: createVirtualFileSystem(files) });
  try {
    const [opened] = compiler.updateSnapshot({ openProject: "/tree/tsconfig.json" }).getProjects();
    return paths.map((path) => {
      const file = opened?.program.getSourceFile(`/tree/${path}`);
      assert.ok(file, `${path} was not parsed`);
      return factsOf(path, tree.get(path) ?? "", file, tree);
    });
  } finally {
    compiler.close();
  }
}

type Collected = { -readonly [K in keyof Source]: Source[K] extends readonly (infer T)[] ? T[] : Source[K] };

interface Place {
  readonly path: string;
  readonly tree: Tree;
  lineAt(position: number): number;
  readonly file: SourceFile;
}

function factsOf(path: string, text: string, file: SourceFile, tree: Tree): Source {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineAt = (position: number): number => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  const place: Place = { path, tree, lineAt, file };
  const head = /^(?:#!.*\n)?((?:\/\/.*\n)*)/.exec(text)?.[1] ?? "";
  const facts: Collected = { path, head, imports: [], exports: [], functions: [], impurities: [], tests: [] };
  const declared = new Set<string>();
  const visit = (node: Node, titles: readonly string[]): void => {
    if (is.isIdentifier(node) && isDeclared(node)) declared.add(node.text);
    collectImport(node, place, facts);
    collectExport(node, place, facts);
    collectFunction(node, place, facts);
    const impurity = impurityOf(node);
    if (impurity) facts.impurities.push({ ...impurity, line: lineAt(node.getStart(file)) });
    const title = titleOf(node);
    const inner = title === undefined ? titles : [...titles, title];
    if (title !== undefined) facts.tests.push({ line: lineAt(node.getStart(file)), titles: inner });
    node.forEachChild((child) => visit(child, inner));
  };
  visit(file, []);
  facts.functions = facts.functions.map((piece) => ({ ...piece, suite: holdsTests(piece, facts.tests) }));
  facts.impurities = facts.impurities.filter(({ global }) => global === undefined || !declared.has(global));
  return facts;
}

const holdsTests = ({ line, lines }: LongPiece, tests: readonly TestTitle[]): boolean =>
  tests.some((test) => test.line > line && test.line < line + lines);

const isDeclared = (node: Node): boolean => {
  const parent = node.parent;
  return (
    (is.isParameterDeclaration(parent) || is.isVariableDeclaration(parent) || is.isBindingElement(parent)) &&
    parent.name === node
  );
};

function collectImport(node: Node, place: Place, facts: Collected): void {
  const add = (specifier: Node | undefined, imported: Pick<Import, "names" | "values" | "all">): void => {
    if (!specifier || !is.isStringLiteral(specifier)) return;
    const line = place.lineAt(node.getStart(place.file));
    facts.imports.push({ line, ...targetOf(specifier.text, place), specifier: specifier.text, ...imported });
  };
  if (is.isImportDeclaration(node)) {
    add(node.moduleSpecifier, namesIn(node.importClause));
  } else if (is.isExportDeclaration(node) && node.moduleSpecifier) {
    const clause = node.exportClause;
    const elements = clause && is.isNamedExports(clause) ? [...clause.elements] : [];
    const names = elements.map((element) => (element.propertyName ?? element.name).text);
    add(node.moduleSpecifier, { names, values: node.isTypeOnly ? [] : names, all: elements.length === 0 });
  } else if (is.isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
    add(node.arguments[0], { names: [], values: ["(dynamic)"], all: true });
  } else if (is.isImportTypeNode(node)) {
    const names = node.qualifier && is.isIdentifier(node.qualifier) ? [node.qualifier.text] : [];
    const argument = is.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
    add(argument, { names, values: [], all: names.length === 0 });
  }
}

function namesIn(clause: ImportClause | undefined): Pick<Import, "names" | "values" | "all"> {
  if (!clause) return { names: [], values: ["(side effects)"], all: false };
  const bindings = clause.namedBindings;
  const elements = bindings && is.isNamedImports(bindings) ? [...bindings.elements] : [];
  const all = bindings !== undefined && is.isNamespaceImport(bindings);
  const original = (element: ImportSpecifier) => (element.propertyName ?? element.name).text;
  const whole = [...(clause.name ? ["default"] : []), ...(all ? ["*"] : [])];
  const values = elements.filter((element) => !element.isTypeOnly).map(original);
  const typesAlone = clause.phaseModifier === SyntaxKind.TypeKeyword;
  return {
    names: [...whole, ...elements.map(original)],
    values: typesAlone ? [] : [...whole, ...values],
    all,
  };
}

function targetOf(specifier: string, { path, tree }: Place): Pick<Import, "file" | "package"> {
  if (!specifier.startsWith(".")) {
    const [first = "", second = ""] = specifier.split("/");
    return { package: first.startsWith("@") ? `${first}/${second}` : first };
  }
  const file = posix.join(posix.dirname(path), specifier);
  const source = file.replace(/\.js$/, ".ts");
  return { file: tree.has(file) ? file : source };
}

function collectExport(node: Node, place: Place, facts: Collected): void {
  if (!is.isExportDeclaration(node) && (node.parent?.kind !== SyntaxKind.SourceFile || !isExported(node)))
    return;
  const types = [...typesIn(node)];
  const add = (name: Node | undefined, kind: Export["kind"]): void => {
    if (name && (is.isIdentifier(name) || is.isStringLiteral(name)))
      facts.exports.push({ line: place.lineAt(name.getStart(place.file)), name: name.text, kind, types });
  };
  if (is.isExportDeclaration(node) && node.exportClause && is.isNamedExports(node.exportClause)) {
    for (const element of node.exportClause.elements)
      add(element.name, node.isTypeOnly || element.isTypeOnly ? "type" : "value");
  }
  if (is.isVariableStatement(node)) {
    for (const { name } of node.declarationList.declarations)
      for (const one of boundBy(name)) add(one, "value");
  } else if (is.isInterfaceDeclaration(node) || is.isTypeAliasDeclaration(node)) {
    add(node.name, "type");
  } else if (is.isFunctionDeclaration(node) || is.isClassDeclaration(node) || is.isEnumDeclaration(node)) {
    add(node.name, "value");
  }
}

/** The names that a pattern such as `[a, { b: c }]` gives. */
function boundBy(name: Node): readonly Node[] {
  if (is.isIdentifier(name)) return [name];
  const bound: Node[] = [];
  name.forEachChild((element) => {
    if (is.isBindingElement(element) && element.name) bound.push(...boundBy(element.name));
  });
  return bound;
}

function typesIn(node: Node, found = new Set<string>()): ReadonlySet<string> {
  if (is.isTypeReferenceNode(node) && is.isIdentifier(node.typeName)) found.add(node.typeName.text);
  if (is.isExpressionWithTypeArguments(node) && is.isIdentifier(node.expression))
    found.add(node.expression.text);
  node.forEachChild((child) => {
    typesIn(child, found);
  });
  return found;
}

function isExported(node: Node): boolean {
  let exported = false;
  node.forEachChild((child) => {
    if (child.kind === SyntaxKind.ExportKeyword) exported = true;
  });
  return exported;
}

const functionKinds: ReadonlySet<SyntaxKind> = new Set([
  ...[SyntaxKind.FunctionDeclaration, SyntaxKind.FunctionExpression, SyntaxKind.ArrowFunction],
  ...[SyntaxKind.MethodDeclaration, SyntaxKind.Constructor, SyntaxKind.GetAccessor, SyntaxKind.SetAccessor],
]);

function collectFunction(node: Node, place: Place, facts: Collected): void {
  if (!functionKinds.has(node.kind) || !("body" in node) || !node.body) return;
  const parent = node.parent;
  const first = place.lineAt(node.getStart(place.file));
  const name = "name" in node && node.name ? node.name : "name" in parent ? parent.name : undefined;
  facts.functions.push({
    line: first,
    name: name ? textOf(name as Node) : is.isConstructorDeclaration(node) ? "constructor" : "(anonymous)",
    lines: place.lineAt(node.end) - first + 1,
    suite: false,
  });
}

const textOf = (node: Node): string =>
  is.isIdentifier(node) || is.isPrivateIdentifier(node) || is.isStringLiteral(node)
    ? node.text
    : is.isPropertyAccessExpression(node)
      ? `${textOf(node.expression)}.${textOf(node.name)}`
      : "(computed)";

/** The title in `it("…")`, `test`, `describe` and their variants. */
function titleOf(node: Node): string | undefined {
  if (!is.isCallExpression(node)) return undefined;
  if (!/^(it|test|describe|suite|[a-z]\w*\.test)(\.(only|skip|todo))?$/.test(textOf(node.expression)))
    return undefined;
  const [title] = node.arguments;
  if (!title) return undefined;
  if (is.isStringLiteral(title) || is.isNoSubstitutionTemplateLiteral(title)) return title.text;
  if (is.isTemplateExpression(title))
    return title.head.text + title.templateSpans.map((span) => `…${span.literal.text}`).join("");
  return undefined;
}
