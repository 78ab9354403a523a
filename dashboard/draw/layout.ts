// PURE: where everything stands in the picture. Two drawings of the same thing: a wide one that is read from left to right,
// and a narrow one for phones, read downwards. Reads take the upper (left) lane, writes the lower (right) one.

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type PartId =
  | "api"
  | "readQ"
  | "responseQ"
  | "writeQ"
  | "syncQ"
  | "slaves"
  | "master"
  | "zookeeper"
  | "controller";

export type Lane = "reads" | "writes" | "sync" | "answers" | "control";

export interface Edge {
  readonly id: string;
  readonly lane: Lane;
  /** From its source to where the messages go. */
  readonly path: string;
}

export type Density = "full" | "medium" | "small";

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly parts: Readonly<Record<PartId, Box>>;
  readonly slaves: readonly Box[];
  readonly density: Density;
  readonly edges: readonly Edge[];
}

export const layoutOf = (mode: "wide" | "narrow", slavePlaces: number): Layout =>
  mode === "wide" ? wide(slavePlaces) : narrow(slavePlaces);

const box = (x: number, y: number, width: number, height: number): Box => ({ x, y, width, height });

/** The slaves' frame has a heading. */
const frame = { top: 38, side: 14, bottom: 14, gap: 10 } as const;

function wide(slavePlaces: number): Layout {
  const slaves = box(436, 8, 512, 176);
  const { columns, rows } = gridFor(slavePlaces);
  const density: Density = rows === 1 ? "full" : rows === 2 ? "medium" : "small";
  return {
    width: 960,
    height: 496,
    parts: {
      api: box(12, 146, 132, 100),
      readQ: box(212, 65, 148, 62),
      responseQ: box(212, 165, 148, 62),
      writeQ: box(212, 265, 148, 62),
      slaves,
      master: box(436, 234, 236, 124),
      syncQ: box(750, 265, 148, 62),
      zookeeper: box(212, 404, 460, 84),
      controller: box(716, 404, 232, 84),
    },
    slaves: cells(slaves, slavePlaces, columns, rows),
    density,
    edges: [
      edge("api-readQ", "reads", across(144, 172, 212, 96)),
      edge("readQ-slaves", "reads", across(360, 96, 436, 96)),
      edge("api-writeQ", "writes", across(144, 220, 212, 296)),
      edge("writeQ-master", "writes", across(360, 296, 436, 296)),
      edge("master-syncQ", "sync", across(672, 296, 750, 296)),
      edge("syncQ-slaves", "sync", down(824, 265, 824, 184)),
      edge("slaves-responseQ", "answers", across(436, 158, 360, 186)),
      edge("master-responseQ", "answers", across(436, 256, 360, 206)),
      edge("responseQ-api", "answers", across(212, 196, 144, 196)),
      edge("master-zookeeper", "control", down(554, 358, 554, 404)),
      edge("controller-zookeeper", "control", across(716, 446, 672, 446)),
      edge("controller-slaves", "control", down(924, 404, 924, 184)),
    ],
  };
}

function narrow(slavePlaces: number): Layout {
  const small = slavePlaces > 8;
  const columns = small ? 3 : 1;
  const rows = Math.max(1, Math.ceil(slavePlaces / columns));
  const cellHeight = small ? 30 : 54;
  const slavesHeight = Math.max(232, frame.top + rows * (cellHeight + frame.gap) - frame.gap + frame.bottom);
  const slaves = box(8, 214, 168, slavesHeight);
  const bottom = slaves.y + slaves.height;
  return {
    width: 360,
    height: bottom + 232,
    parts: {
      api: box(8, 8, 344, 64),
      readQ: box(8, 108, 108, 68),
      responseQ: box(126, 108, 108, 68),
      writeQ: box(244, 108, 108, 68),
      slaves,
      master: box(206, 214, 146, 124),
      syncQ: box(206, 384, 146, 58),
      zookeeper: box(8, bottom + 38, 344, 92),
      controller: box(8, bottom + 154, 344, 70),
    },
    slaves: cells(slaves, slavePlaces, columns, rows, cellHeight),
    density: small ? "small" : "medium",
    edges: [
      edge("api-readQ", "reads", down(62, 72, 62, 108)),
      edge("readQ-slaves", "reads", down(62, 176, 62, 214)),
      edge("api-writeQ", "writes", down(298, 72, 298, 108)),
      edge("writeQ-master", "writes", down(298, 176, 298, 214)),
      edge("master-syncQ", "sync", down(279, 338, 279, 384)),
      edge("syncQ-slaves", "sync", across(206, 413, 176, 413)),
      edge("slaves-responseQ", "answers", down(148, 214, 160, 176)),
      edge("master-responseQ", "answers", down(224, 214, 200, 176)),
      edge("responseQ-api", "answers", down(180, 108, 180, 72)),
      edge("master-zookeeper", "control", down(340, 338, 340, bottom + 38)),
      edge("controller-zookeeper", "control", down(62, bottom + 154, 62, bottom + 130)),
    ],
  };
}

const edge = (id: string, lane: Lane, path: string): Edge => ({ id, lane, path });

/** A gentle curve that leaves and arrives horizontally. */
function across(x1: number, y1: number, x2: number, y2: number): string {
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}

/** The same, vertically. */
function down(x1: number, y1: number, x2: number, y2: number): string {
  const middle = (y1 + y2) / 2;
  return `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`;
}

export function gridFor(places: number): { readonly columns: number; readonly rows: number } {
  if (places <= 3) return { columns: Math.max(2, places), rows: 1 };
  if (places <= 8) return { columns: Math.ceil(places / 2), rows: 2 };
  const rows = places <= 15 ? 3 : places <= 28 ? 4 : 5;
  return { columns: Math.ceil(places / rows), rows };
}

function cells(
  inside: Box,
  places: number,
  columns: number,
  rows: number,
  heightMax = Number.POSITIVE_INFINITY,
): readonly Box[] {
  const { top, side, bottom, gap } = frame;
  const gaps = rows > 3 ? 6 : gap;
  const width = (inside.width - 2 * side - (columns - 1) * gaps) / columns;
  const free = inside.height - top - bottom;
  const height = Math.min(heightMax, (free - (rows - 1) * gaps) / rows);
  return Array.from({ length: places }, (_, i) =>
    box(
      inside.x + side + (i % columns) * (width + gaps),
      inside.y + top + Math.floor(i / columns) * (height + gaps),
      width,
      height,
    ),
  );
}
