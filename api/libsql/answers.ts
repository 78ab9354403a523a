// PURE. What a worker answers to SQL -> the results of the libSQL protocol. Both are JSON with each value at its place, so the text of
// one is written from the text of the other: no number passes through a double, and no value becomes an object on its way.

export interface SqlResult {
  /** JSON of the columns. */
  readonly cols: string;
  /** JSON of each row. */
  readonly rows: readonly string[];
  readonly affected: number;
  /** Decimal digits. */
  readonly rowid: string | null;
}

export const emptyResult: SqlResult = { cols: "[]", rows: [], affected: 0, rowid: null };

/** Of a statement of a transaction. */
export interface PartAnswer {
  readonly result: SqlResult;
  readonly readonly: boolean;
  readonly gave: string;
  /** JSON of a refusal, in place of a result. */
  readonly error: string | undefined;
}

export class ResultTooLargeError extends Error {
  override readonly name = "ResultTooLargeError";
}

/** @throws ResultTooLargeError */
export const resultFrom = (body: string, bytesMax: number): SqlResult =>
  new Answer(body, bytesMax).part().result;

/** What came of each statement; null for those that the client knows the answer to. @throws ResultTooLargeError */
export function partsFrom(body: string, bytesMax: number): readonly (PartAnswer | null)[] {
  const answer = new Answer(body, bytesMax);
  const parts: (PartAnswer | null)[] = [];
  answer.object((key) => {
    if (key !== "results") return answer.skip();
    answer.list(() => parts.push(answer.isNull() ? null : answer.part()));
  });
  return parts;
}

/** JSON of what a statement takes and gives. */
export function describedFrom(body: string): string {
  const { params, columns, explain, readonly } = JSON.parse(body);
  const cols = columns.map(({ name, type }: { readonly name: string; readonly type: string | null }) => ({
    name,
    decltype: type,
  }));
  return JSON.stringify({ params, cols, is_explain: explain, is_readonly: readonly });
}

const quote = 0x22;
const backslash = 0x5c;
const scalarForm = /[^,\]}]*/y;

/** JSON without spaces, as the workers write it. */
class Answer {
  readonly #text: string;
  #at = 0;
  #bytesLeft: number;

  constructor(text: string, bytesMax: number) {
    this.#text = text;
    this.#bytesLeft = bytesMax;
  }

  object(member: (key: string) => void): void {
    this.#each("}", () => {
      const key = this.#string();
      this.#at += 1;
      member(key.slice(1, -1));
    });
  }

  list(entry: () => void): void {
    this.#each("]", entry);
  }

  #each(end: string, one: () => void): void {
    this.#at += 1;
    while (this.#text[this.#at] !== end) {
      const from = this.#at;
      one();
      if (this.#at === from) throw new Error("a worker's answer ends too soon");
      if (this.#text[this.#at] === ",") this.#at += 1;
    }
    this.#at += 1;
  }

  isNull(): boolean {
    if (!this.#text.startsWith("null", this.#at)) return false;
    this.#at += 4;
    return true;
  }

  skip(): void {
    const first = this.#text[this.#at];
    if (first === "{") this.object(() => this.skip());
    else if (first === "[") this.list(() => this.skip());
    else if (first === '"') this.#string();
    else this.#scalar();
  }

  part(): PartAnswer {
    const rows: string[] = [];
    let [cols, affected, rowid, readonly, gave]: [string, number, string | null, boolean, string] = [
      "[]",
      0,
      null,
      false,
      "",
    ];
    let error: string | undefined;
    this.object((key) => {
      if (key === "columns") cols = this.#columns();
      else if (key === "rows") this.list(() => rows.push(this.#row()));
      else if (key === "rowsAffected") affected = Number(this.#scalar());
      else if (key === "lastInsertRowid") rowid = this.#scalar();
      else if (key === "readonly") readonly = this.#scalar() === "true";
      else if (key === "gave") gave = this.#string().slice(1, -1);
      else {
        const from = this.#at;
        this.skip();
        if (key === "error") error = this.#text.slice(from, this.#at);
      }
    });
    return { result: { cols, rows, affected, rowid }, readonly, gave, error };
  }

  #columns(): string {
    const cols: string[] = [];
    this.list(() => {
      let [name, decltype] = ["null", "null"];
      this.object((key) => {
        const value = this.#text[this.#at] === '"' ? this.#string() : this.#scalar();
        if (key === "name") name = value;
        else decltype = value;
      });
      cols.push(`{"name":${name},"decltype":${decltype}}`);
    });
    return `[${cols.join()}]`;
  }

  #row(): string {
    let row = "";
    this.list(() => {
      row += `${row === "" ? "" : ","}${this.#value()}`;
    });
    this.#bytesLeft -= row.length + 3;
    if (this.#bytesLeft < 0) throw new ResultTooLargeError("the rows have too many bytes");
    return `[${row}]`;
  }

  #value(): string {
    switch (this.#text.charCodeAt(this.#at)) {
      case quote:
        return `{"type":"text","value":${this.#string()}}`;
      case 0x7b: {
        let base64 = "";
        this.object(() => {
          base64 = this.#string().replace(/=+"$/, '"');
        });
        return `{"type":"blob","base64":${base64}}`;
      }
      default: {
        const digits = this.#scalar();
        if (digits === "null") return '{"type":"null"}';
        return /[.e]/.test(digits)
          ? `{"type":"float","value":${digits}}`
          : `{"type":"integer","value":"${digits}"}`;
      }
    }
  }

  /** With its quotes. */
  #string(): string {
    const from = this.#at;
    for (let at = from + 1; ; at++) {
      at = this.#text.indexOf('"', at);
      if (at < 0) throw new Error("a worker's answer ends too soon");
      let escapes = 0;
      while (this.#text.charCodeAt(at - 1 - escapes) === backslash) escapes += 1;
      if (escapes % 2 === 1) continue;
      this.#at = at + 1;
      return this.#text.slice(from, this.#at);
    }
  }

  #scalar(): string {
    scalarForm.lastIndex = this.#at;
    scalarForm.test(this.#text);
    const from = this.#at;
    this.#at = scalarForm.lastIndex;
    return this.#text.slice(from, this.#at);
  }
}
