// PURE but for what it saw before. When a text of the manifest file counts. Files are written bit by bit: a text that was
// read half-written is often a valid manifest, one without tokens or with half of a table. So a text counts once the file has
// stood still with it, and one whose loss or haste could not be made good stands longer.
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../errors.ts";
import { ManifestError, type ManifestSpec } from "./manifest.ts";
import { parseManifest } from "./parse.ts";
import { type Path, parseYaml } from "./yaml.ts";

export interface ManifestState {
  /** The last good one; null when there was none since the start. */
  readonly spec: ManifestSpec | null;
  /** With line and column; null when the file as it is now is in force. */
  readonly problem: string | null;
  /** Why the file's newest text does not count yet; null when it does, or is wrong. */
  readonly waiting: string | null;
}

/** What a look at the file found. */
export type FileContent =
  | {
      readonly text: string /** Since it was last written, by the file's own time. */;
      readonly ageMs: number;
    }
  | { readonly unreadable: string };

export interface StandMs {
  readonly plain: number;
  readonly careful: number;
}

export const standMs: StandMs = { plain: 1_000, careful: 5_000 };

interface Good {
  readonly text: string;
  readonly spec: ManifestSpec;
  readonly places: ReadonlySet<string>;
}

interface Judged {
  readonly problem: string | null;
  readonly good: Good | null;
  /** Why it stands longer than others. */
  readonly careful: string | null;
}

interface Candidate {
  readonly key: string;
  readonly sinceMs: number;
  judged: Judged | null;
}

export class Standing {
  readonly #standMs: StandMs;
  #settled: string | null = null;
  #good: Good | null = null;
  #candidate: Candidate | null = null;
  state: ManifestState = { spec: null, problem: null, waiting: null };

  constructor(stand: StandMs = standMs) {
    this.#standMs = stand;
  }

  /** Of the last good one. */
  get text(): string | null {
    return this.#good?.text ?? null;
  }

  /** @returns in how many ms the file is to be looked at again for this text to count; null when there is nothing to await */
  look(content: FileContent, nowMs: number): number | null {
    const key = "text" in content ? `t${content.text}` : `u${content.unreadable}`;
    if (key === this.#settled) {
      this.#candidate = null;
      this.state = { ...this.state, waiting: null };
      return null;
    }
    const candidate = this.#candidateFor(key, content, nowMs);
    const stoodMs = nowMs - candidate.sinceMs;
    // What is still being written is not even read as a manifest: that would be done again for each piece.
    if (stoodMs < this.#standMs.plain) return this.#standMs.plain - stoodMs;
    candidate.judged ??= this.#judge(content);
    const { careful, problem, good } = candidate.judged;
    if (careful !== null && stoodMs < this.#standMs.careful) {
      const waiting = `the file was changed, and the change counts once it has stood for ${this.#standMs.careful / 1_000} s: ${careful}`;
      this.state = { ...this.state, waiting };
      return this.#standMs.careful - stoodMs;
    }
    [this.#settled, this.#candidate] = [key, null];
    this.#good = good ?? this.#good;
    this.state = { spec: this.#good?.spec ?? null, problem, waiting: null };
    return null;
  }

  #candidateFor(key: string, content: FileContent, nowMs: number): Candidate {
    if (this.#candidate?.key === key) return this.#candidate;
    // Only at the first look is the file's own time asked: later there is a look at each change.
    const isFirst = this.#settled === null && this.#candidate === null;
    const ageMs = isFirst && "text" in content ? Math.max(0, content.ageMs) : 0;
    this.#candidate = { key, sinceMs: nowMs - ageMs, judged: null };
    return this.#candidate;
  }

  #judge(content: FileContent): Judged {
    const wrong = (problem: string): Judged => ({ problem, good: null, careful: null });
    if ("unreadable" in content) return wrong(`read the manifest: ${content.unreadable}`);
    try {
      const { spec } = parseManifest(content.text);
      const good = { text: content.text, spec, places: placesIn(parseYaml(content.text).value) };
      return { problem: null, good, careful: whyCareful(this.#good, good, content.text) };
    } catch (error) {
      return wrong(error instanceof ManifestError ? error.message : `read the manifest: ${messageOf(error)}`);
    }
  }
}

/** Why a text stands longer before it counts: it may be the beginning of another one. */
function whyCareful(before: Good | null, now: Good, text: string): string | null {
  if (before === null) return "it is the first one";
  if (opens(before.spec, now.spec)) return "it asks for fewer tokens or limits than before";
  if (!isDeepStrictEqual(before.spec.database, now.spec.database))
    return "it changes the tables, and what is made is not taken back";
  // A token that is taken away shall be refused soon; the others keep the door closed.
  const gone = [...before.places].find((place) => !now.places.has(place) && !place.startsWith(tokens));
  if (gone !== undefined) return `it no longer has ${gone}`;
  return text.endsWith("\n") ? null : "its last line has no end";
}

function opens(before: ManifestSpec, now: ManifestSpec): boolean {
  const { tokens: had, rateLimit: limited } = before.access;
  const { tokens: has, rateLimit: limits } = now.access;
  const wasLimited = limited.perSecond > 0;
  return (had.length > 0 && has.length === 0) || (wasLimited && limits.perSecond === 0);
}

const tokens = "spec.access.tokens";

/** Every place that holds something: `spec.scaling.max`, `spec.database.tables.0.name`. */
function placesIn(value: unknown): ReadonlySet<string> {
  const places = new Set<string>();
  const visit = (below: unknown, path: Path): void => {
    if (path.length > 0) places.add(path.join("."));
    if (typeof below !== "object" || below === null) return;
    for (const [key, one] of Object.entries(below)) visit(one, [...path, key]);
  };
  visit(value, []);
  return places;
}
