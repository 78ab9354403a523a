// The client that people have, and what most build on it, at the real routes on a real copy. That they work with a cluster is held by the
// tests of the whole.
import { after, before, describe, it } from "node:test";
import {
  type Client,
  openClient,
  useRebuilding,
  useSavepoints,
  useStatements,
  useTransactions,
} from "../../../support/libsql-clients.ts";
import { useKnex } from "../../../support/libsql-knex.ts";
import { usePrisma } from "../../../support/libsql-prisma.ts";
import { useDrizzle } from "../../../support/libsql-tools.ts";
import { table, text } from "../../worker/schemas.ts";
import { openWorld } from "./world.ts";

const undoing: (() => Promise<void>)[] = [];
let client: Client;
let url: string;
before(async () => {
  const users = table(
    "users",
    [text("username", { notNull: true }), text("password", { notNull: true })],
    ["username"],
  );
  const world = await openWorld(
    { after: (undo: () => Promise<void>) => undoing.push(undo) },
    { tables: [users] },
  );
  url = world.url;
  client = openClient(url);
});
after(async () => {
  client.close();
  for (const undo of undoing.reverse()) await undo();
});

describe("a client of the libSQL protocol", () => {
  it("reads what it wrote, exactly, and is told what is wrong by SQLite's names", () =>
    useStatements(client));
  it("does batches and transactions whole or not at all", () => useTransactions(client));
  it("undoes a part of a transaction, and nests them", () => useSavepoints(client));
  it("serves Drizzle, whose transactions stand in each other", () => useDrizzle(client));
  it("serves Prisma, with its types, relations and transactions", () => usePrisma(url));
  it("serves Knex, which makes tables anew and keeps its migrations", () => useKnex(url));
  it("makes a table anew that others refer to, and loses no row of theirs", () => useRebuilding(client));
});
