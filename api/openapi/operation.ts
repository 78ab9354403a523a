// What a route is for, takes and answers in one of its methods.
import type { HttpCode } from "../http/refusals.ts";
import type { Method } from "../http/routes.ts";
import type { Example, HeaderObject, JsonSchema, Parameter } from "./json-schema.ts";

export type Tag = "Data" | "Cluster" | "Watching" | "Description";

export interface Operation {
  readonly id: string;
  readonly method: Method;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly body?:
    | { readonly of: readonly string[]; readonly examples: Readonly<Record<string, Example>> }
    | { readonly json: JsonSchema; readonly examples: Readonly<Record<string, Example>> }
    | { readonly text: string; readonly description: string };
  readonly answer: {
    readonly description: string;
    /** By content type. */
    readonly content: Readonly<Record<string, JsonSchema>>;
    readonly headers?: Readonly<Record<string, HeaderObject>>;
  };
  /** Besides those of the front door and of HTTP itself. */
  readonly refusals: readonly HttpCode[];
}
