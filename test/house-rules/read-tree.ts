// Reads the files of the repository.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import type { Tree } from "./tree.ts";

/** Folders that git does not know. */
const foreignFolders = new Set([".git", ".dbaas", "node_modules", "dist"]);
const textFile = /(\.(ts|js|mjs|json|md|sh|ya?ml|css|html|svg|conf|cfg|patch|env|txt)|\/[^.]+|\/\.[a-z]+)$/;

/** The root of the repository: the nearest folder above this file with a package.json. */
export function repositoryRoot(): string {
  let folder = import.meta.dirname;
  while (!readdirSync(folder).includes("package.json")) folder = dirname(folder);
  return folder;
}

export function readTree(root: string): Tree {
  const files = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory() && !foreignFolders.has(entry.name)) walk(path);
      if (!entry.isFile()) continue;
      // Of a picture only the name matters.
      files.set(path, textFile.test(`/${path}`) ? readFileSync(join(root, path), "utf8") : "");
    }
  };
  walk("");
  return files;
}
