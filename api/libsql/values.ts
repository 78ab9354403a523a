// A value as the libSQL protocol writes it -> a parameter for the workers.
import { Refusal } from "../../core/errors.ts";
import type { Param } from "../../core/messages/statement.ts";
import { isInteger } from "../requests/sql.ts";
import { isRecord } from "../requests/values.ts";

/** With padding or without. */
const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** @throws Refusal naming the field */
export function paramFrom(raw: unknown, field: string): Param {
  if (!isRecord(raw)) throw new Refusal("bad_request", 'must be a value, as {"type": "null"}', field);
  const { type, value, base64 } = raw;
  switch (type) {
    case "null":
      return null;
    case "integer":
      if (typeof value === "string" && isInteger(value)) return ["integer", value];
      throw new Refusal(
        "bad_request",
        "must be the digits of a whole number of 64 bits, as a text",
        `${field}.value`,
      );
    case "float":
      return floatFrom(value, `${field}.value`);
    case "text":
      if (typeof value === "string") return value;
      throw new Refusal("bad_request", "must be a text", `${field}.value`);
    case "blob":
      if (typeof base64 === "string" && base64Form.test(base64)) return ["blob", base64];
      throw new Refusal("bad_request", "must be base64", `${field}.base64`);
    default:
      throw new Refusal("bad_request", "must be null, integer, float, text or blob", `${field}.type`);
  }
}

const numberForm = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Numbers that a double cannot hold digit by digit arrive as the text of their digits. */
function floatFrom(value: unknown, field: string): Param {
  if (typeof value === "number" || (typeof value === "string" && numberForm.test(value)))
    return ["real", String(Number(value))];
  throw new Refusal("bad_request", "must be a number", field);
}
