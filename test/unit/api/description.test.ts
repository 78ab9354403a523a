import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { statusOf } from "../../../api/http/refusals.ts";
import { needs, paths } from "../../../api/http/routes.ts";
import { examplesOf, readBodyNames, statementNames, writeBodyNames } from "../../../api/openapi/bodies.ts";
import { describeApi } from "../../../api/openapi/document.ts";
import type { JsonSchema } from "../../../api/openapi/json-schema.ts";
import { operations } from "../../../api/openapi/operations.ts";
import { parseRead } from "../../../api/requests/read-request.ts";
import { writeBodies } from "../../../api/requests/schemas.ts";
import { parseWrite } from "../../../api/requests/write-request.ts";
import { Refusal } from "../../../core/errors.ts";
import { runs } from "../../support/runs.ts";
import { TestServer } from "./test-server.ts";

const api = describeApi();
const all = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

const server = new TestServer();
before(() => server.start());
after(() => server.stop());

/** The validator that stands for a described schema, with what it refers to. */
function validatorOf(name: string): z.ZodType {
  const $defs = Object.fromEntries(
    Object.entries(api.components.schemas).map(([key, schema]) => [key, { anyOf: variantsOf(schema) }]),
  );
  const text = JSON.stringify({ $ref: `#/components/schemas/${name}`, $defs });
  return z.fromJSONSchema(JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")));
}

/** Where one of several properties must be there, one schema for each: what makes validators does not know the short form. */
function variantsOf({ oneOf = [], ...schema }: JsonSchema): readonly JsonSchema[] {
  if (oneOf.length === 0 || schema.properties === undefined)
    return [{ ...schema, ...(oneOf.length > 0 && { oneOf }) }];
  const choices = oneOf.flatMap(({ required = [] }) => required);
  return oneOf.map(({ required = [] }) => ({
    ...schema,
    properties: Object.fromEntries(
      Object.entries(schema.properties ?? {}).filter(
        ([key]) => required.includes(key) || !choices.includes(key),
      ),
    ),
    required: [...(schema.required ?? []), ...required],
  }));
}

/** The schemas treat all names alike; the validators pass over this one, whatever stands under it. */
function renamed(raw: unknown): unknown {
  if (typeof raw !== "object" || raw === null) return raw;
  if (Array.isArray(raw)) return raw.map(renamed);
  const entries = Object.entries(raw).map(([key, inner]) => [
    key === "__proto__" ? "PROTO" : key,
    renamed(inner),
  ]);
  return Object.fromEntries(entries);
}

const propertiesOf = (name: string) => api.components.schemas[name]?.properties ?? {};
const capitalized = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;

const isTaken = (parse: (body: unknown) => unknown, body: unknown): boolean => {
  try {
    parse(body);
    return true;
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return false;
  }
};

describe("the description", () => {
  it("has every route of the API, in its method, with the role it needs", async () => {
    assert.deepEqual(Object.keys(api.paths).sort(), Object.values(paths).sort());
    for (const { path, method, operation } of all) {
      assert.equal(operation["x-needs"], needs[path as keyof typeof needs]);
      assert.equal(operation.security.length === 0, operation["x-needs"] === "anyone", path);
      const other = method === "post" ? "GET" : "POST";
      assert.notEqual((await server.call(method.toUpperCase(), path)).status, 405, `${method} ${path}`);
      assert.equal((await server.call(other, path)).status, 405, `${other} ${path}`);
    }
  });

  it("refers only to what is there, and calls no two things the same", () => {
    for (const [, name = ""] of JSON.stringify(api).matchAll(/"#\/components\/schemas\/(\w+)"/g))
      assert.ok(Object.hasOwn(api.components.schemas, name), name);
    const ids = all.map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
    const tags = api.tags.map(({ name }) => name);
    for (const { operation } of all) for (const tag of operation.tags) assert.ok(tags.includes(tag));
  });

  it("names the status of every refusal that a route may answer with", () => {
    for (const { path, operation } of all) {
      const known = [operations[path as keyof typeof operations]]
        .flat()
        .filter(({ id }) => id === operation.operationId)
        .flatMap(({ refusals }) => refusals);
      for (const code of known) {
        const response = operation.responses[String(statusOf[code])];
        assert.match(response?.description ?? "", new RegExp(`\`${code}\``), `${path} ${code}`);
      }
    }
  });

  it("gives examples that are taken, by the API and by the schema", () => {
    for (const [path, parse, names] of [
      [paths.read, parseRead, readBodyNames],
      [paths.write, parseWrite, writeBodyNames],
    ] as const) {
      const body = api.paths[path]?.post?.requestBody?.content["application/json"];
      const examples = Object.values(body?.examples ?? {});
      assert.ok(examples.length >= 3);
      for (const { value, summary } of examples) assert.ok(isTaken(parse, value), summary);
      for (const name of names)
        assert.ok(
          examples.some(({ value }) => validatorOf(name).safeParse(value).success),
          name,
        );
    }
  });

  it("gives examples of row forms and SQL that are taken among several, too", () => {
    const examples = Object.values(examplesOf(statementNames));
    assert.ok(examples.length >= statementNames.length);
    for (const { value, summary } of examples) {
      const several = { statements: [value, value] };
      assert.ok(isTaken(parseWrite, several), summary);
      assert.ok(validatorOf("Statements").safeParse(several).success, summary);
    }
  });

  it("is served as JSON that never changes while the API runs", async () => {
    const { status, headers, text } = await server.call("GET", "/openapi.json");
    assert.deepEqual([status, headers["content-type"]], [200, "application/json"]);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(api)));
  });
});

describe("what is described and what is parsed", () => {
  const value = fc.oneof(fc.string({ maxLength: 8 }), fc.integer(), fc.boolean(), fc.constant(null));
  const anything = fc.oneof(value, fc.array(value, { maxLength: 3 }), fc.dictionary(fc.string(), value));
  const column = fc.constantFrom("username", "ride_id", "x");
  const operator = fc.constantFrom("=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "~");
  const pattern = fc.record(
    { pattern: value, escape: fc.oneof(fc.constantFrom("!", "ab", ""), value), more: value },
    { requiredKeys: [] },
  );
  const test = fc.oneof(
    value,
    fc.array(value, { maxLength: 3 }),
    fc.dictionary(operator, anything),
    fc.dictionary(fc.constantFrom("like", "not like"), pattern, { minKeys: 1 }),
  );
  const condition = fc.oneof(fc.dictionary(column, test), anything);
  const where = fc.oneof(condition, fc.array(condition, { maxLength: 3 }));
  const order = fc.record(
    { column: anything, descending: fc.oneof(fc.boolean(), fc.constant(1)), more: fc.constant(1) },
    { requiredKeys: ["column"] },
  );

  /** Texts are left out: their grammar is tested where it is read. */
  const saysText = (raw: unknown): boolean =>
    typeof raw === "string" ||
    (typeof raw === "object" &&
      raw !== null &&
      Object.values(raw).some((inner) => typeof inner === "string"));

  function agree(name: string, body: (raw: unknown) => unknown): (raw: unknown) => void {
    const validator = validatorOf(name);
    return (raw) => {
      const described = validator.safeParse(renamed(raw)).success;
      assert.equal(isTaken(parseRead, body(raw)), described, `${name} ${JSON.stringify(raw)}`);
    };
  }

  it("agree about conditions", () =>
    fc.assert(
      fc.property(
        where.filter((raw) => !(Array.isArray(raw) ? raw : [raw]).some((one) => typeof one === "string")),
        agree("Where", (raw) => ({ table: "t", where: raw })),
      ),
      { numRuns: runs(500), examples: [[JSON.parse('{"__proto__":{}}')], [JSON.parse('{"__proto__":[1]}')]] },
    ));

  /** In quotes, or without. */
  const nameless = ["", '""', "``"] as const;

  it("agree about columns", () =>
    fc.assert(
      fc.property(
        anything.filter((raw) => typeof raw !== "string" && raw !== null),
        agree("Columns", (raw) => ({ table: "t", columns: raw })),
      ),
      { examples: nameless.map((name): [unknown] => [[name]]) },
    ));

  it("agree about orders", () =>
    fc.assert(
      fc.property(
        fc.array(order).filter((raw) => !saysText(raw)),
        agree("OrderBy", (raw) => ({ table: "t", orderBy: raw })),
      ),
    ));

  const row = validatorOf("Row");
  it("agree about rows", () =>
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(fc.string(), anything), anything), (raw) => {
        const taken = isTaken(parseWrite, { op: "insert", table: "t", row: raw });
        assert.equal(taken, row.safeParse(renamed(raw)).success, JSON.stringify(raw));
      }),
      {
        examples: [
          ...nameless.map((name): [unknown] => [{ [name]: 0 }]),
          [JSON.parse('{"__proto__":[]}')],
          [JSON.parse('{"__proto__":1}')],
        ],
      },
    ));

  it("agree about which keys a body has, and which it needs", () => {
    const forms = Object.values(writeBodies).flatMap(Object.keys);
    const names = [...forms.map(capitalized), "ColumnInsert", "QueryDelete"];
    const keys = [...new Set(names.flatMap((name) => Object.keys(propertiesOf(name))))];
    const values: Readonly<Record<string, unknown>> = {
      table: "t",
      row: { a: 1 },
      rows: [{ a: 1 }],
      set: { a: 1 },
      where: { a: 1 },
      insert: [1],
      column: ["a"],
      columns: ["a"],
      delete: { a: 1 },
      query: "delete",
      condition: { a: 1 },
      expect: { rowsAffected: 1 },
    };
    for (const key of keys) assert.ok(key === "op" || key in values, `${key} needs a value here`);
    const validators = names.map(validatorOf);
    fc.assert(
      fc.property(fc.subarray([...keys, "delete"]), fc.constantFrom(...forms, "drop"), (chosen, op) => {
        const body = Object.fromEntries(chosen.map((key) => [key, key === "op" ? op : values[key]]));
        // Form and values of this one depend on each other; its examples are tested above.
        if (!("op" in body) && "delete" in body && !("insert" in body) && !("query" in body)) return;
        const described = validators.some((one) => one.safeParse(body).success);
        assert.equal(isTaken(parseWrite, body), described, JSON.stringify(body));
      }),
      { numRuns: runs(500) },
    );
  });
});

describe("the page for people", () => {
  it("has no code and no styles in it, and loads nothing from elsewhere", async () => {
    const { headers, status, text } = await server.call("GET", "/docs");
    assert.equal(status, 200);
    assert.doesNotMatch(
      text,
      /<script(?![^>]* src="\/)|<style|\sstyle=|\son\w+=|javascript:|(src|href)="https?:/i,
    );
    assert.match(String(headers["content-security-policy"]), /default-src 'none'.*frame-ancestors 'none'/);
    assert.doesNotMatch(String(headers["content-security-policy"]), /unsafe/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
  });
});
