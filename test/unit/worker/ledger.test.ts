import type { TestContext } from "node:test";
import { ledgerOf } from "../../../worker/write/ledger.ts";
import { ledgerContract, sameLedgers } from "../../contract/ledger-contract.ts";
import { Disk, MemoryLedger } from "../../fakes/memory-ledger.ts";
import { openCopy } from "./copies.ts";

const onSqlite = async (t: TestContext) => ledgerOf(await openCopy(t));
const inMemory = async () => new MemoryLedger({ disk: new Disk(), work: async () => undefined });

ledgerContract("on SQLite", onSqlite);
ledgerContract("in memory", inMemory);
sameLedgers(onSqlite, inMemory);
