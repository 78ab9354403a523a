import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checksByChance } from "../../../../core/sql/checks-by-chance.ts";

const found = [
  "CREATE TABLE t (a CHECK (random() > 0))",
  "CREATE TABLE t (a, b check(length(a) > (1 + abs(Random ( )))))",
  "CREATE TABLE t (a, CONSTRAINT few CHECK (a IN (1, 2)), CHECK (a <> hex(randomblob(4))))",
  'CREATE TABLE t (a CHECK /* so */ ("random"() > a))',
  "CREATE TABLE t (a CHECK (a > 0) CHECK ([randomblob](1) > a))",
  // A byte order mark is a space to SQLite.
  "CREATE TABLE t (a CHECK \ufeff(random() > a))",
  "CREATE TABLE t (a \ufeffCHECK (random() > a))",
  "CREATE TABLE t (a CHECK (random \ufeff() > a))",
  "CREATE TABLE t (a CHECK (\ufeffrandom() > a))",
];
const notFound = [
  "CREATE TABLE t (a DEFAULT (random()))",
  "CREATE TABLE t (a CHECK (a > 0) DEFAULT (hex(randomblob(8))), b CHECK (b > 'random()'))",
  "CREATE TABLE t (random, a CHECK (random > a), checked DEFAULT (random()))",
  `CREATE TABLE t ("check" DEFAULT (random()), a CHECK (a > 0 /* random() */))`,
  "CREATE TABLE t (a AS (b + 1), b)",
];

describe("a table that checks by chance", () => {
  for (const sql of found) it(`is ${sql}`, () => assert.equal(checksByChance(sql), true));
  for (const sql of notFound) it(`is not ${sql}`, () => assert.equal(checksByChance(sql), false));
});
