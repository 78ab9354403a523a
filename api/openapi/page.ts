// PURE: the description as a page for people. Complete without a script; the script of dashboard/docs/ only adds that the
// requests can be tried.
import { Html, html, prose } from "./html.ts";
import type { JsonSchema, MediaType, OpenApi, OperationObject, ResponseObject } from "./json-schema.ts";
import { typeOf } from "./typescript.ts";

interface Listed {
  readonly path: string;
  readonly method: string;
  readonly operation: OperationObject;
}

export function docsPage(api: OpenApi): string {
  const all = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Listed => ({ path, method, operation })),
  );
  const groups = api.tags.map((tag) => ({
    ...tag,
    operations: all.filter(({ operation }) => operation.tags.includes(tag.name)),
  }));
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${api.info.title} API</title>
  <link rel="icon" href="/dashboard/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/dashboard/style/tokens.css">
  <link rel="stylesheet" href="/dashboard/style/docs.css">
  <script type="module" src="/dashboard/docs/main.js"></script>
</head>
<body>
  <a class="skip" href="#main">Skip to the routes</a>
  <header>
    <a class="home" href="/">${api.info.title}</a>
    <span>API ${api.info.version}</span>
    <a href="/openapi.json">openapi.json</a>
    <label id="token-field" hidden>Token <input id="token" type="password" autocomplete="off" spellcheck="false"></label>
  </header>
  <nav aria-label="Routes">
    ${groups.map(
      ({ name, operations }) => html`<h2>${name}</h2>
    <ul>${operations.map(
      ({ path, method, operation }) =>
        html`<li><a href="#${operation.operationId}"><span class="${method}">${method.toUpperCase()}</span> ${path.replace("/api/v1", "")}</a></li>`,
    )}</ul>`,
    )}
    <h2>Types</h2>
    <ul>${Object.keys(api.components.schemas).map((name) => html`<li><a href="#type-${name}">${name}</a></li>`)}</ul>
  </nav>
  <main id="main" tabindex="-1">
    <h1>${api.info.title} API</h1>
    <p>${prose(api.info.description)}</p>
    ${groups.map(
      ({ name, description, operations }) =>
        html`<section class="group"><h2>${name}</h2><p>${description}</p>${operations.map(operationPart)}</section>`,
    )}
    <section class="group"><h2>Types</h2>
      ${Object.entries(api.components.schemas).map(([name, schema]) => typePart(name, schema))}
    </section>
  </main>
</body>
</html>
`.text;
}

function operationPart({ path, method, operation }: Listed): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const need = operation["x-needs"];
  const body = requestBody?.content["application/json"];
  return html`<article id="${operationId}" data-method="${method.toUpperCase()}" data-path="${path}">
  <h3><span class="${method}">${method.toUpperCase()}</span> <code>${path}</code></h3>
  <p class="summary">${summary}. <span class="need">${need === "anyone" ? "Open to anyone" : `Role: ${need}`}</span></p>
  ${description !== undefined && html`<p>${prose(description)}</p>`}
  ${
    parameters.length > 0 &&
    html`<h4>Parameters</h4><dl>${parameters.map(
      (one) =>
        html`<dt><code>${one.name}</code> <small>${one.in}</small></dt><dd>${prose(one.description)}</dd>`,
    )}</dl>`
  }
  ${body !== undefined && bodyPart(body)}
  <h4>Answers</h4>
  <dl>${Object.entries(responses).map(([status, response]) => answerPart(status, response))}</dl>
</article>`;
}

const bodyPart = ({ schema, examples = {} }: MediaType): Html => html`<h4>Body</h4>
  <p>${linked(schema)}</p>
  ${Object.entries(examples).map(
    ([, { summary, value }]) =>
      html`<details class="example"><summary>${summary}</summary><pre>${JSON.stringify(value, null, 2)}</pre></details>`,
  )}`;

/** Refusals all look the same: their form stands among the types. */
function answerPart(status: string, { description, headers = {}, content = {} }: ResponseObject): Html {
  const good = status.startsWith("2");
  return html`<dt><code class="${good ? "good" : "bad"}">${status}</code></dt>
  <dd>${prose(description)}${
    good &&
    Object.entries(content).map(([type, { schema }]) => html` <small>${type}</small> ${linked(schema)}`)
  }${Object.entries(headers).map(
    ([name, header]) => html`<br><code>${name}</code>: ${prose(header.description)}`,
  )}</dd>`;
}

const typePart = (name: string, schema: JsonSchema): Html => html`<article id="type-${name}" class="type">
  <h3>${name}</h3>
  ${schema.description !== undefined && html`<p>${prose(schema.description)}</p>`}
  <pre>${linked(schema)}</pre>
</article>`;

/** The type, in which the names of other types lead to them. */
function linked(schema: JsonSchema): Html {
  const names = JSON.stringify(schema).matchAll(/"#\/components\/schemas\/(\w+)"/g);
  const known = new Set([...names].map(([, name]) => name));
  const pieces = typeOf(schema).split(/\b/);
  return new Html(
    pieces
      .map((piece) => (known.has(piece) ? html`<a href="#type-${piece}">${piece}</a>` : html`${piece}`).text)
      .join(""),
  );
}
