// The description's two routes. Both texts are made once.

import { sendText } from "../http/refusals.ts";
import { paths, type Route } from "../http/routes.ts";
import { setPageHeaders } from "../pages/page-headers.ts";
import { readPage } from "../pages/pages.ts";
import { describeApi } from "./document.ts";

let made: string | undefined;

/** Made when it is asked for first: most APIs are never asked. */
function json(): string {
  made ??= JSON.stringify(describeApi());
  return made;
}

export function descriptionRoutes(): readonly Route[] {
  const page = readPage("docs.html");
  return [
    { method: "get", path: paths.description, handle: (_req, res) => sendText(res, json()) },
    {
      method: "get",
      path: paths.docs,
      handle: (_req, res) => {
        setPageHeaders(res);
        res.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Length": page.length });
        res.end(page);
      },
    },
  ];
}
