// `spec.access`: tokens and rate limits as written.
import { type AccessSpec, type AccessToken, openAccess, type RateLimitSpec, roles } from "../access.ts";
import { list, mapping, oneOf, type Place, type Reader, text, whole } from "./fields.ts";
import { reportRepeats } from "./table-checks.ts";

const limits = { tokensMax: 256, perSecondMax: 1_000_000, burstMax: 10_000_000, hostsMax: 64 } as const;

const sha256Pattern = /^[0-9a-f]{64}$/;

/** Does not repeat what it found: whoever puts the token itself here must not find it in the log. */
const sha256: Reader<string> = (place) =>
  typeof place.value === "string" && sha256Pattern.test(place.value)
    ? place.value
    : void place.report(
        "must be the SHA-256 of a token: 64 hexadecimal digits in quotes, as ./dbaas token prints them",
      );

const token = mapping<AccessToken>({
  name: {
    key: "name",
    read: text(
      /^[A-Za-z0-9]([-A-Za-z0-9._]{0,61}[A-Za-z0-9])?$/,
      "must be up to 63 letters, digits, -, . and _",
    ),
  },
  role: { key: "role", read: oneOf(...roles) },
  sha256: { key: "sha256", read: sha256 },
});

const rateLimitFields = mapping<RateLimitSpec>({
  perSecond: { key: "requestsPerSecond", read: whole(0, limits.perSecondMax), fallback: 0 },
  burst: { key: "burst", read: whole(0, limits.burstMax), fallback: 0 },
});

const rateLimit: Reader<RateLimitSpec> = (place) => {
  const read = rateLimitFields(place);
  if (read === undefined) return undefined;
  return read.burst === 0 ? { ...read, burst: read.perSecond } : read;
};

const host = text(
  /^(\*|(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)$/,
  "must be a host name in small letters without a port, for instance db.example.com, *.example.com or *",
);

const accessFields = mapping<AccessSpec>({
  tokens: { key: "tokens", read: list(token, { max: limits.tokensMax }), fallback: openAccess.tokens },
  rateLimit: { key: "rateLimit", read: rateLimit, fallback: openAccess.rateLimit },
  hosts: { key: "hosts", read: list(host, { max: limits.hostsMax }), fallback: openAccess.hosts },
});

export const access: Reader<AccessSpec> = (place) => {
  const read = accessFields(place);
  if (read === undefined) return undefined;
  const at = (i: number): Place => place.at("tokens").at(i);
  const { tokens } = read;
  reportRepeats(
    tokens.map(({ name }) => name),
    (i) => at(i).at("name"),
    "token",
  );
  for (const [i, { sha256 }] of tokens.entries())
    if (tokens.slice(0, i).some((earlier) => earlier.sha256 === sha256))
      at(i).at("sha256").report("is the same token as an earlier one");
  return read;
};
