// PURE: CSV as RFC 4180 has it, with a header. A field without quotes that is empty is no value (NULL); in quotes it is the empty text.

export type Field = string | null;

/** Takes a text in pieces, gives its records. */
export class CsvReader {
  readonly #comma: string;
  #field = "";
  #record: Field[] = [];
  #wasQuoted = false;
  #state: "open" | "plain" | "quoted" | "quote" = "open";
  #line = 1;

  constructor(comma = ",") {
    this.#comma = comma;
  }

  /** @throws Error naming the line of a quote that stands where none may */
  *read(text: string): Generator<readonly Field[], void> {
    for (const character of text) {
      if (character === "\n") this.#line += 1;
      const record = this.#next(character);
      if (record !== undefined) yield record;
    }
  }

  /** @throws Error when it ends inside a quoted field */
  *end(): Generator<readonly Field[], void> {
    if (this.#state === "quoted") throw new Error(`unterminated quoted field at the end, line ${this.#line}`);
    if (this.#record.length > 0 || this.#field !== "" || this.#wasQuoted) yield this.#closed();
  }

  #next(character: string): readonly Field[] | undefined {
    if (this.#state === "quoted") {
      if (character === '"') this.#state = "quote";
      else this.#field += character;
      return undefined;
    }
    if (character === '"') return this.#quote();
    if (character === this.#comma) {
      this.#endField();
      return undefined;
    }
    if (character === "\n") {
      const isBlank = this.#record.length === 0 && this.#field === "" && !this.#wasQuoted;
      return isBlank ? undefined : this.#closed();
    }
    if (character === "\r") return undefined;
    if (this.#state === "quote") throw new Error(`text behind a quoted field, line ${this.#line}`);
    this.#state = "plain";
    this.#field += character;
    return undefined;
  }

  #quote(): undefined {
    if (this.#state === "plain") throw new Error(`quote inside a field without quotes, line ${this.#line}`);
    if (this.#state === "quote") this.#field += '"';
    this.#state = "quoted";
    this.#wasQuoted = true;
    return undefined;
  }

  #endField(): void {
    this.#record.push(this.#field === "" && !this.#wasQuoted ? null : this.#field);
    this.#field = "";
    this.#wasQuoted = false;
    this.#state = "open";
  }

  #closed(): readonly Field[] {
    this.#endField();
    const record = this.#record;
    this.#record = [];
    return record;
  }
}

const field = (value: Field): string => {
  if (value === null) return "";
  return value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
};

/** A record with one column that is null would be an empty line, which no reader takes for a record. */
export const csvLine = (record: readonly Field[]): string =>
  record.length === 1 && record[0] === null ? '""\r\n' : `${record.map(field).join()}\r\n`;
