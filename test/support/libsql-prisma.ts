// Prisma on its adapter for libSQL. `prisma-config.json` is what `prisma generate` (7.10) wrote for the schema in it, without the types:
// the command itself is no package of these tests, being larger than all others together.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PrismaLibSql } from "@prisma/adapter-libsql/web";
import { type GetPrismaClientConfig, getPrismaClient } from "@prisma/client/runtime/client";

interface User {
  readonly username: string;
  readonly password: string;
}

interface Note {
  readonly id: number;
  readonly text: string;
  readonly at: Date;
  readonly big: bigint | null;
  readonly raw: Uint8Array | null;
  readonly name: string | null;
}

/** What is asked here of the generated types. */
interface Model<T> {
  create(query: { data: Partial<T> & object }): Promise<T>;
  createMany(query: { data: readonly Partial<T>[] }): Promise<{ count: number }>;
  findMany(query?: object): Promise<(T & Record<string, unknown>)[]>;
  upsert(query: object): Promise<T>;
  updateMany(query: object): Promise<{ count: number }>;
  deleteMany(query?: object): Promise<{ count: number }>;
  count(query?: object): Promise<number>;
}

interface Prisma {
  readonly user: Model<User>;
  readonly note: Model<Note>;
  $transaction<R>(work: (inner: Prisma) => Promise<R>): Promise<R>;
  $transaction(work: readonly Promise<unknown>[]): Promise<unknown[]>;
  $executeRawUnsafe(sql: string): Promise<number>;
  $queryRawUnsafe(sql: string, ...values: readonly unknown[]): Promise<unknown>;
  $disconnect(): Promise<void>;
}

const generated = JSON.parse(readFileSync(new URL("prisma-config.json", import.meta.url), "utf8"));
const compiler = "@prisma/client/runtime/query_compiler_fast_bg.sqlite";
const PrismaClient = getPrismaClient({
  ...(generated as GetPrismaClientConfig),
  compilerWasm: {
    // Neither of the two has types.
    getRuntime: () => import(`${compiler}.mjs`),
    getQueryCompilerWasmModule: async () => {
      const { wasm } = await import(`${compiler}.wasm-base64.mjs`);
      const { Module } = Reflect.get(globalThis, "WebAssembly");
      return new Module(Buffer.from(wasm, "base64"));
    },
    importName: "./query_compiler_fast_bg.js",
  },
});

const openPrisma = (url: string): Prisma =>
  new PrismaClient({
    adapter: new PrismaLibSql({ url, intMode: "bigint" }),
    // Its own are 2 and 5 s, in which a busy machine may not be done.
    transactionOptions: { maxWait: 60_000, timeout: 60_000 },
  }) as unknown as Prisma;

const user = (username: string, password = "1") => ({ data: { username, password } });

export async function usePrisma(url: string): Promise<void> {
  const prisma = openPrisma(url);
  try {
    await useModels(prisma);
    await usePrismaTransactions(prisma);
    await useTypes(prisma);
  } finally {
    await prisma.$disconnect();
  }
}

async function useModels(prisma: Prisma): Promise<void> {
  const { user: users } = prisma;
  await users.deleteMany();
  assert.deepEqual(await users.create(user("a")), { username: "a", password: "1" });
  const more = [user("b", "2").data, user("c", "3").data];
  assert.deepEqual(await users.createMany({ data: more }), { count: 2 });
  const where = { username: "a" };
  const upserted = await users.upsert({ where, create: user("a").data, update: { password: "4" } });
  assert.deepEqual(upserted, { username: "a", password: "4" });
  const where3 = { password: { in: ["2", "3"] } };
  assert.deepEqual(await users.updateMany({ where: where3, data: { password: "5" } }), { count: 2 });
  const found = await users.findMany({ where: { username: { contains: "b" } } });
  assert.deepEqual(found, [{ username: "b", password: "5" }]);
  const counting = "SELECT password, count(*) AS n FROM users GROUP BY 1 ORDER BY 1";
  const grouped = await prisma.$queryRawUnsafe(counting);
  assert.deepEqual(grouped, [
    { password: "4", n: 1n },
    { password: "5", n: 2n },
  ]);
}

async function usePrismaTransactions(prisma: Prisma): Promise<void> {
  assert.deepEqual(await prisma.$transaction([prisma.user.create(user("d")), prisma.user.count()]), [
    { username: "d", password: "1" },
    4,
  ]);
  const seen = await prisma.$transaction(async (inner) => {
    await inner.user.create(user("e"));
    return inner.user.count();
  });
  assert.equal(seen, 5);
  await assert.rejects(
    prisma.$transaction(async (inner) => {
      await inner.user.deleteMany();
      throw new Error("undone");
    }),
    /undone/,
  );
  // The adapter asks for the number of the code, which @libsql/client has of local files alone.
  const twice = [prisma.user.create(user("f")), prisma.user.create(user("a"))];
  await assert.rejects(prisma.$transaction(twice), {
    code: "P2039",
    message: /SQLITE_CONSTRAINT_PRIMARYKEY/,
  });
  assert.equal(await prisma.user.count(), 5);
}

/** The tables as `prisma migrate` writes them. */
async function useTypes(prisma: Prisma): Promise<void> {
  await prisma.$executeRawUnsafe("DROP TABLE IF EXISTS notes");
  await prisma.$executeRawUnsafe(`CREATE TABLE "notes" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "text" TEXT NOT NULL,
    "at" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "big" BIGINT, "raw" BLOB, "name" TEXT,
    CONSTRAINT "notes_name_fkey" FOREIGN KEY ("name") REFERENCES "users" ("username") ON DELETE SET NULL ON UPDATE CASCADE)`);
  const raw = new Uint8Array([0, 255, 7]);
  const at = new Date("2026-11-27T10:00:00.123Z");
  const data = { text: "x", at, big: 9007199254740993n, raw, name: "a" };
  assert.deepEqual(await prisma.note.create({ data }), { id: 1, ...data });
  const [note] = await prisma.note.findMany({ where: { at: { gte: at } }, include: { author: true } });
  assert.deepEqual(note, { id: 1, ...data, author: { username: "a", password: "4" } });
  await prisma.user.deleteMany({ where: { username: "a" } });
  assert.deepEqual(await prisma.note.findMany({ select: { name: true } }), [{ name: null }]);
  await prisma.$executeRawUnsafe("DROP TABLE notes");
}
