// PURE: the validators of a manifest's `spec`, made of the table of its fields.
import { z } from "zod";
import { assertNever } from "../errors.ts";
import { hosts, tokens } from "./access.ts";
import { effects, type Field, type Fields, type Group, type ValuesOf } from "./field.ts";
import { type ManifestSpec, specFields } from "./fields.ts";
import type { Kind } from "./kinds.ts";
import { tables } from "./tables.ts";
import { checked, duration, durationOrNever, flag, mapping, oneOf, size, text, whole } from "./values.ts";

function validatorOf(value: Kind): z.ZodType {
  switch (value.kind) {
    case "whole":
      return whole(value.min, value.max);
    case "duration":
      return duration(value.min, value.max);
    case "durationOrNever":
      return durationOrNever(value.min, value.max);
    case "size":
      return size(value.min, value.max);
    case "text":
      return text(value.pattern, value.rule);
    case "oneOf":
      return oneOf(value.choices);
    case "flag":
      return flag;
    case "tokens":
      return tokens;
    case "hosts":
      return hosts;
    case "tables":
      return tables;
    default:
      return assertNever(value);
  }
}

const fieldSchema = ({ value, fallback, effect, says }: Field): z.ZodType =>
  z.prefault(validatorOf(value), fallback).describe(`${says}. After a change: ${effects[effect]}`);

function groupSchema({ fields, check, settle }: Group): z.ZodType {
  const values = read(fields);
  const sound = check === undefined ? values : checked(values, check);
  return z.prefault(settle === undefined ? sound : sound.transform(settle), {});
}

/** The fields as a mapping of the manifest, read under the names that the code uses. */
function read<F extends Fields>(fields: F): z.ZodType<ValuesOf<F>> {
  const members = Object.entries(fields);
  const schemaOf = (member: Field | Group) =>
    "fields" in member ? groupSchema(member) : fieldSchema(member);
  return mapping(Object.fromEntries(members.map(([, member]) => [member.key, schemaOf(member)]))).transform(
    (written) =>
      Object.fromEntries(members.map(([name, { key }]) => [name, written[key]])) as unknown as ValuesOf<F>,
  );
}

export const specSchema: z.ZodType<ManifestSpec> = read(specFields);
