import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bearerTokenIn, Guard, type Need, suffices, Tokens } from "../../../api/access/guard.ts";
import { full, networkOf, RateLimiter, take } from "../../../api/access/rate-limiter.ts";
import { openAccess, type Role, roles } from "../../../core/access.ts";

const tokenOf = (role: Role) => `dbaas_${role}_${"x".repeat(40)}`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const tokens = roles.map((role) => ({ name: `the-${role}`, role, sha256: sha256(tokenOf(role)) }));

describe("roles", () => {
  it("each suffice for themselves and for those before", () => {
    const table = roles.map((role) =>
      (["anyone", ...roles] satisfies Need[]).map((need) => suffices(role, need)),
    );
    assert.deepEqual(table, [
      [true, true, false, false],
      [true, true, true, false],
      [true, true, true, true],
    ]);
  });
});

describe("tokens", () => {
  it("are found by their digest alone, wherever they stand in the list", () => {
    const known = new Tokens(tokens);
    for (const { role, name } of tokens) assert.equal(known.find(tokenOf(role))?.name, name);
  });

  it("are not found by anything else, of whatever length, not even by the digest itself", () => {
    const known = new Tokens(tokens);
    const right = tokenOf("admin");
    for (const wrong of ["", "x", right.slice(0, -1), `${right}x`, right.toUpperCase(), sha256(right)])
      assert.equal(known.find(wrong), undefined, wrong);
    fc.assert(fc.property(fc.string(), (text) => known.find(text) === undefined));
  });

  it("come in a bearer header of bounded length, and in no other", () => {
    assert.equal(bearerTokenIn("Bearer abc"), "abc");
    assert.equal(bearerTokenIn("bearer  abc "), "abc");
    for (const header of [
      "",
      "Bearer",
      "Bearer ",
      "Basic abc",
      "Bearer a b",
      "abc",
      `Bearer ${"x".repeat(600)}`,
    ])
      assert.equal(bearerTokenIn(header), undefined, header.slice(0, 20));
  });
});

describe("a bucket", () => {
  it("lets its burst pass at once and then as many as its rate says, never more", () => {
    fc.assert(
      fc.property(
        fc.record({
          perSecond: fc.integer({ min: 1, max: 1_000 }),
          burst: fc.integer({ min: 1, max: 1_000 }),
        }),
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 }),
        (limit, pausesMs) => {
          let bucket = full(limit, 0);
          let nowMs = 0;
          let passed = 0;
          for (const pauseMs of pausesMs) {
            nowMs += pauseMs;
            const taken = take(bucket, limit, nowMs);
            bucket = taken.bucket;
            if (taken.retryAfterMs === undefined) passed += 1;
            assert.ok(bucket.level >= 0 && bucket.level <= limit.burst);
          }
          assert.ok(passed <= limit.burst + (nowMs * limit.perSecond) / 1_000 + 1e-6);
        },
      ),
    );
  });

  it("tells truly when the next request may pass", () => {
    const limit = { perSecond: 4, burst: 1 };
    const { bucket } = take(full(limit, 0), limit, 0);
    const { retryAfterMs } = take(bucket, limit, 100);
    assert.equal(retryAfterMs, 150);
    assert.equal(take(bucket, limit, 250).retryAfterMs, undefined);
    assert.notEqual(take(bucket, limit, 249).retryAfterMs, undefined);
  });

  it("is not emptied by a clock that stands still or goes back", () => {
    const limit = { perSecond: 1, burst: 2 };
    const first = take(full(limit, 1_000), limit, 1_000);
    assert.equal(take(first.bucket, limit, 0).retryAfterMs, undefined);
  });
});

describe("the limiter", () => {
  it("keeps callers apart", () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1 });
    assert.equal(limiter.ask("a", 0), undefined);
    assert.equal(limiter.ask("a", 0), 1_000);
    assert.equal(limiter.ask("b", 0), undefined);
  });

  it("remembers those who keep asking, however many others come, in bounded memory", () => {
    const limiter = new RateLimiter({ perSecond: 0.001, burst: 1 }, 100);
    assert.equal(limiter.ask("busy", 0), undefined);
    for (let i = 0; i < 5_000; i++) {
      limiter.ask(`other-${i}`, 0);
      if (i % 50 === 0) assert.notEqual(limiter.ask("busy", 0), undefined, `after ${i}`);
      assert.ok(limiter.size <= 200);
    }
  });
});

describe("a network", () => {
  it("is an IPv4 address, however it is written, or the first half of an IPv6 one", () => {
    assert.equal(networkOf("10.0.0.7"), "10.0.0.7");
    assert.equal(networkOf("::ffff:10.0.0.7"), "10.0.0.7");
    assert.equal(networkOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2");
    assert.equal(networkOf("2001:db8::5:6"), "2001:db8:0:0");
    assert.equal(networkOf("fe80::1%eth0"), "fe80:0:0:0");
    assert.equal(networkOf("::1"), "0:0:0:0");
    assert.equal(networkOf(undefined), "unknown");
  });
});

describe("the guard", () => {
  const guard = new Guard({ ...openAccess, tokens });
  const judge = (authorization: string | undefined, need: Need) =>
    guard.judge({ authorization, network: "10.0.0.7" }, need, 0);

  it("admits each role to what it suffices for", () => {
    for (const role of roles)
      for (const need of ["anyone", ...roles] satisfies Need[])
        assert.equal(
          judge(`Bearer ${tokenOf(role)}`, need).kind,
          suffices(role, need) ? "admitted" : "forbidden",
          `${role} for ${need}`,
        );
  });

  it("tells a missing token from a wrong one, and asks for none where anyone may come", () => {
    assert.deepEqual(judge(undefined, "reader"), { kind: "unauthenticated", why: "missing" });
    for (const wrong of ["Bearer nonsense", "Basic Zm9v", "", `Bearer ${randomBytes(500).toString("hex")}`])
      assert.deepEqual(judge(wrong, "reader"), { kind: "unauthenticated", why: "invalid" });
    assert.equal(judge(undefined, "anyone").kind, "admitted");
    assert.equal(judge("Bearer nonsense", "anyone").kind, "admitted");
  });

  it("limits each token, each network without one, and whoever guesses", () => {
    const limited = new Guard({ ...openAccess, tokens, rateLimit: { perSecond: 1, burst: 2 } });
    const kinds = (authorization: string | undefined, network: string) =>
      [1, 2, 3].map(() => limited.judge({ authorization, network }, "reader", 0).kind);
    assert.deepEqual(kinds(`Bearer ${tokenOf("reader")}`, "a"), ["admitted", "admitted", "limited"]);
    assert.deepEqual(kinds(`Bearer ${tokenOf("writer")}`, "a"), ["admitted", "admitted", "limited"]);
    assert.deepEqual(kinds("Bearer guess", "a"), ["unauthenticated", "unauthenticated", "limited"]);
    assert.deepEqual(kinds(undefined, "a"), ["limited", "limited", "limited"]);
    assert.deepEqual(kinds(undefined, "b"), ["unauthenticated", "unauthenticated", "limited"]);
  });

  it("asks for no token when there is only a limit", () => {
    const limited = new Guard({ ...openAccess, rateLimit: { perSecond: 1, burst: 1 } });
    const once = () => limited.judge({ authorization: undefined, network: "a" }, "admin", 0).kind;
    assert.deepEqual([once(), once()], ["admitted", "limited"]);
  });
});
