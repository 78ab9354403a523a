// `spec.access`: what tokens and hosts look like.
import { z } from "zod";
import { type AccessToken, roles } from "../access.ts";
import { repeated } from "./table-checks.ts";
import { checked, list, mapping, oneOf, text } from "./values.ts";

const limits = { tokensMax: 256, hostsMax: 64 } as const;

const sha256Rule =
  "must be the SHA-256 of a token: 64 hexadecimal digits in quotes, as ./dbaas token prints them";

const token = mapping({
  name: text(
    /^[A-Za-z0-9]([-A-Za-z0-9._]{0,61}[A-Za-z0-9])?$/,
    "must be up to 63 letters, digits, -, . and _",
  ),
  role: oneOf(roles),
  // Its message does not repeat what is there: a token itself that was put here must not get into the log.
  sha256: z.string(sha256Rule).regex(/^[0-9a-f]{64}$/, sha256Rule),
});

export const tokens: z.ZodType<readonly AccessToken[], readonly unknown[]> = checked(
  list(token, { max: limits.tokensMax }),
  (read, report) => {
    for (const { i, value } of repeated(read.map(({ name }) => name)))
      report([i, "name"], `repeats the token \`${value}\``);
    for (const { i } of repeated(read.map(({ sha256 }) => sha256)))
      report([i, "sha256"], "is the same token as an earlier one");
  },
);

export const hosts: z.ZodType<readonly string[], readonly unknown[]> = list(
  text(
    /^(\*|(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)$/,
    "must be a host name in small letters without a port, for instance db.example.com, *.example.com or *",
  ),
  { max: limits.hostsMax },
);
