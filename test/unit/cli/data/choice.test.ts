import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choiceFrom, type Here } from "../../../../cli/data/choice.ts";
import type { BackupFile } from "../../../../core/state/znodes.ts";

const file = (position: number, host?: string): BackupFile => ({
  name: `${position}.db`,
  atMs: position,
  position,
  bytes: 1,
  ...(host === undefined ? {} : { host }),
});

const at = (host: string | undefined, ...positions: readonly number[]): Here => ({
  host,
  folder: "/backups",
  names: new Set(positions.map((position) => `${position}.db`)),
});

/** Up to position 8. */
function chosen(files: readonly BackupFile[], here: Here) {
  const { here: first, gone, elsewhere } = choiceFrom(files, { position: 8 }, here);
  const positions = (some: readonly BackupFile[]) => some.map(({ position }) => position);
  return { here: positions(first), gone: positions(gone), elsewhere: positions(elsewhere) };
}

describe("the scheduled backups that a restore can begin with", () => {
  it("are those in this host's folder, the newest first", () => {
    const files = [
      file(9, "host-1"),
      file(8, "host-2"),
      file(7, "host-1"),
      file(6, "host-1"),
      file(5, "host-1"),
    ];
    assert.deepEqual(chosen(files, at("host-1", 9, 7, 5)), { here: [7, 5], gone: [6], elsewhere: [8] });
  });

  it("are all that are in the folder where there is one host, or the list says none", () => {
    const files = [file(8), file(7)];
    for (const host of [undefined, "host-1"])
      assert.deepEqual(chosen(files, at(host, 8)), { here: [8], gone: [7], elsewhere: [] });
  });

  it("have those that were copied from another host, and each once", () => {
    const files = [file(8, "host-2"), file(7, "host-1"), file(7, "host-2")];
    assert.deepEqual(chosen(files, at("host-1", 8, 7)), { here: [8, 7], gone: [], elsewhere: [] });
  });

  it("are taken to be here as the list says where the folder cannot be read", () => {
    const files = [file(8, "host-2"), file(7, "host-1"), file(6)];
    const unread = { host: "host-1", folder: "/backups", names: null };
    assert.deepEqual(chosen(files, unread), { here: [7, 6], gone: [], elsewhere: [8] });
  });
});
