import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { defaultSpec } from "../../../../core/manifest/defaults.ts";
import type { Fields } from "../../../../core/manifest/field.ts";
import { containerLimits, specFields } from "../../../../core/manifest/fields.ts";
import { manifestJsonSchema } from "../../../../core/manifest/parse.ts";
import { specSchema } from "../../../../core/manifest/spec-schema.ts";
import { parseYaml } from "../../../../core/manifest/yaml.ts";

const read = (name: string): string => readFileSync(join(process.cwd(), "manifests", name), "utf8");

const keysOf = (fields: Fields, path: string): readonly string[] =>
  Object.values(fields).flatMap((member) =>
    "fields" in member
      ? keysOf(member.fields, `${path}.${member.key}`)
      : [`${path}.${member.key}: ${JSON.stringify(member.fallback)}`],
  );

describe("the table of the manifest's fields", () => {
  it("is what the JSON Schema for editors was written from (node tools/manifest-schema/main.ts)", () =>
    assert.deepEqual(JSON.parse(read("dbaas.schema.json")), manifestJsonSchema()));

  it("has the fields that the default manifest states, with their defaults", () => {
    const written = (value: unknown, fields: Fields, path: string): readonly string[] =>
      Object.entries(value as Readonly<Record<string, unknown>>).flatMap(([key, below]) => {
        const member = Object.values(fields).find((one) => one.key === key);
        assert.ok(member, `${path}.${key}`);
        if ("fields" in member) return written(below, member.fields, `${path}.${key}`);
        return [`${path}.${key}: ${JSON.stringify(below)}`];
      });
    const stated = parseYaml(read("dbaas.yaml")).value as {
      readonly spec: Readonly<Record<string, unknown>>;
    };
    const { database, ...spec } = stated.spec;
    const { database: tables, ...fields } = specFields;
    assert.deepEqual(written(spec, fields, "spec").toSorted(), keysOf(fields, "spec").toSorted());
    assert.deepEqual(specSchema.parse(spec), defaultSpec);
  });

  it("is pointed to by the default manifest", () =>
    assert.match(read("dbaas.yaml"), /^# yaml-language-server: \$schema=dbaas\.schema\.json\n/));

  it("says for every field, to whoever edits a manifest, what it is and what a change does", () => {
    const described = JSON.stringify(manifestJsonSchema()).match(/After a change: /g);
    assert.equal(described?.length, keysOf(specFields, "spec").length);
  });

  it("replaces the workers for their memory and their number of processes, and for nothing else", () =>
    assert.deepEqual(containerLimits(defaultSpec.worker), {
      memoryBytes: 512 * 2 ** 20,
      pidsMax: 128,
    }));

  it("promises to replace the workers for no field outside of their group", () => {
    const replacing = (fields: Fields, path: string): readonly string[] =>
      Object.values(fields).flatMap((member) => {
        if ("fields" in member) return replacing(member.fields, `${path}.${member.key}`);
        return member.effect === "workers" ? [`${path}.${member.key}`] : [];
      });
    const all = replacing(specFields, "spec");
    assert.deepEqual(
      all,
      all.filter((path) => path.startsWith("spec.worker.")),
    );
    assert.equal(all.length, 2);
  });
});
