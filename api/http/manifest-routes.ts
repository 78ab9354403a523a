// The manifest over HTTP: as it stands, and another one in its place, which is looked over first.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Refusal, refusalBody, TransientError } from "../../core/errors.ts";
import { manifestLimits } from "../../core/manifest/parse.ts";
import { checkManifest } from "../cluster/manifest-check.ts";
import type { ManifestStore } from "../cluster/manifest-store.ts";
import type { Bodies } from "./bodies.ts";
import { type HttpRefusal, refuse, sendJson, unforeseen } from "./refusals.ts";
import { paths, type Route } from "./routes.ts";

export const yamlType = "application/yaml";
const yamlTypes: ReadonlySet<string> = new Set([yamlType, "text/yaml", "application/x-yaml", "text/x-yaml"]);
const versionTag = /^"(\d{1,9})"$/;

const changed: HttpRefusal = {
  code: "conflict",
  message: "the manifest was changed since it was read; read it again",
};
const isFile: HttpRefusal = {
  code: "conflict",
  message: "the manifest is a file on the service's host: edit it there, or use ./dbaas apply",
};
const tooMany: HttpRefusal = { code: "unavailable", message: "another manifest is being looked over" };

export interface ManifestRoutesPorts {
  readonly manifest: ManifestStore;
  readonly bodies: Bodies;
  /** A text that is not looked over by then is answered that it can be sent again. */
  readonly checkWithinMs?: number;
}

export function manifestRoutes({ manifest, bodies, checkWithinMs }: ManifestRoutesPorts): readonly Route[] {
  let busy = false;
  const put = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      const text = await textOf(req, bodies);
      if (!manifest.isReplaceable) return void refuse(res, isFile);
      const version = versionFrom(req);
      if (busy) return void refuse(res, tooMany);
      busy = true;
      await checked(text, checkWithinMs)
        .then(() => replace(manifest, text, version, res))
        .finally(() => {
          busy = false;
        });
    } catch (error) {
      refuse(res, refusalFor(error));
    }
  };
  return [
    { method: "get", path: paths.manifest, handle: (_req, res) => send(manifest, res) },
    { method: "put", path: paths.manifest, handle: put, readsBody: true },
  ];
}

async function send(manifest: ManifestStore, res: ServerResponse): Promise<void> {
  const { text, version } = await manifest.read();
  if (version !== null) res.setHeader("ETag", `"${version}"`);
  res.setHeader("Content-Type", yamlType);
  res.setHeader("Content-Length", Buffer.byteLength(text));
  res.writeHead(200);
  res.end(text);
}

/** @throws Refusal when it is no valid manifest */
async function checked(text: string, withinMs: number | undefined): Promise<void> {
  const seen = await checkManifest(text, withinMs);
  if (!seen.ok) throw new Refusal("bad_request", seen.message, seen.field);
}

async function replace(
  manifest: ManifestStore,
  text: string,
  version: string | undefined,
  res: ServerResponse,
): Promise<void> {
  const replaced = await manifest.replace(text, version);
  if (replaced === "changed meanwhile") return void refuse(res, changed);
  res.setHeader("ETag", `"${replaced.version}"`);
  sendJson(res, { version: replaced.version });
}

/** @throws Refusal when it is no text of the right type */
async function textOf(req: IncomingMessage, bodies: Bodies): Promise<string> {
  const type = (req.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const body = await bodyOf(req, bodies);
  if (!yamlTypes.has(type))
    throw new UnfitBody({
      code: "unsupported_media_type",
      message: `must be ${yamlType}`,
      field: "Content-Type",
    });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new Refusal("bad_request", "is not UTF-8", "(body)");
  }
}

class UnfitBody extends Error {
  readonly refusal: HttpRefusal;

  constructor(refusal: HttpRefusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

const bodyOf = (req: IncomingMessage, bodies: Bodies): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    req.once("close", () => reject(new TransientError("the client has gone away")));
    bodies.receive(req, manifestLimits.textLengthMax, (body, refusal) => {
      if (body !== undefined) resolve(body);
      else reject(new UnfitBody(refusal ?? unforeseen));
    });
  });

/** @throws Refusal when it is no version that this route gave */
function versionFrom(req: IncomingMessage): string | undefined {
  const tag = req.headers["if-match"];
  if (tag === undefined) return undefined;
  const version = versionTag.exec(tag)?.[1];
  if (version === undefined) throw new Refusal("bad_request", "must be the ETag of a manifest", "If-Match");
  return version;
}

function refusalFor(error: unknown): HttpRefusal {
  if (error instanceof UnfitBody) return error.refusal;
  if (error instanceof Refusal) return refusalBody(error);
  if (error instanceof TransientError) return { code: "unavailable", message: error.message };
  throw error;
}
