// The pages for people: the dashboard at `/`, its styles and compiled modules, and what the page at `/docs` is made with.
// Everything comes from here: the pages load nothing from elsewhere and run no code that stands in them.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import express, { type RequestHandler, type Router } from "express";
import { setPageHeaders } from "./page-headers.ts";

/** What browsers run is compiled (`npm run build`); the programs themselves run from their sources. */
const compiledDir = fileURLToPath(new URL("../../dist/dashboard", import.meta.url));
/** What the dashboard shares with the programs. */
const sharedDir = fileURLToPath(new URL("../../dist/core/sql", import.meta.url));
const staticDir = fileURLToPath(new URL("../../dashboard/static", import.meta.url));
const fontFile = createRequire(import.meta.url).resolve(
  "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
);

/** Swagger UI as it is published. */
const swaggerUiDir = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
const swaggerUiFiles = ["swagger-ui.css", "swagger-ui-bundle.js"] as const;

/** For a route that answers with a page of its own. */
export const readPage = (name: string): Buffer => readFileSync(join(staticDir, name));

const fontCacheControl = "public, max-age=604800";

const guarded: RequestHandler = (_req, res, next) => {
  setPageHeaders(res);
  next();
};

export function pages(): Router {
  const router = express.Router();
  const files = { index: false, redirect: false, dotfiles: "ignore", cacheControl: false } as const;
  router.get("/", guarded, (_req, res) =>
    res.sendFile("index.html", { root: staticDir, cacheControl: false }),
  );
  router.get("/dashboard/inter.woff2", (_req, res) => {
    res.set("Cache-Control", fontCacheControl);
    res.sendFile(fontFile, { cacheControl: false });
  });
  for (const file of swaggerUiFiles)
    router.get(`/dashboard/swagger-ui/${file}`, guarded, (_req, res) =>
      res.sendFile(file, { root: swaggerUiDir, cacheControl: false }),
    );
  router.use("/dashboard", guarded, express.static(staticDir, files), express.static(compiledDir, files));
  router.use("/core/sql", guarded, express.static(sharedDir, files));
  return router;
}
