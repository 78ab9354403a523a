// Second step of reading a condition written as text: characters -> tokens -> CONDITION.
//
//   any       = all { OR all }
//   all       = one { AND one }
//   one       = NOT one | ( any ) | column test | literal operator literal | literal operator column
//   test      = operator right | [NOT] IN ( value, … ) | [NOT] LIKE value [ESCAPE literal] | IS [NOT] NULL
//   right     = value | `column`
//   value     = literal | word | "word"
//   operator  = = == != <> < <= > >=
//
// As in SQLite, a word without quotes or in double quotes is a column wherever it can be one: always on the left and beside a
// literal, and on the right of a column where the table has one of that name. Else it is a text there, so `username=asha`
// means what its sender meant. Every value becomes a parameter: nothing of the text ever reaches SQL.
import type { Refusal } from "../../core/errors.ts";
import type { Comparison, Condition, Value } from "../../core/messages/statement.ts";
import { bounds } from "../limits.ts";
import {
  type Constant,
  compareConstants,
  numberConstant,
  numberFromText,
  refusedAt,
  type Token,
  tokenize,
} from "./tokens.ts";
import type { Params } from "./values.ts";

const comparisons: ReadonlyMap<string, Comparison> = new Map([
  ["=", "="],
  ["==", "="],
  ["!=", "!="],
  ["<>", "!="],
  ["<", "<"],
  ["<=", "<="],
  [">", ">"],
  [">=", ">="],
]);

/** What the comparison becomes when its sides change places. */
const mirrored: Readonly<Record<Comparison, Comparison>> = {
  "=": "=",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

const keywords = new Set(["AND", "OR", "NOT", "IN", "LIKE", "IS", "NULL", "TRUE", "FALSE"]);

export const comparisonOf = (symbol: string): Comparison | undefined => comparisons.get(symbol);

/** @throws Refusal with the offset of what cannot be understood */
export function conditionFromText(text: string, params: Params, field: string): Condition {
  return new WhereParser(tokenize(text, field), params, field).parse();
}

class WhereParser {
  readonly #tokens: readonly Token[];
  readonly #params: Params;
  readonly #field: string;
  #at = 0;
  #nesting = 0;
  #comparisons = 0;

  constructor(tokens: readonly Token[], params: Params, field: string) {
    this.#tokens = tokens;
    this.#params = params;
    this.#field = field;
  }

  parse(): Condition {
    const condition = this.#any();
    if (this.#token.kind !== "end") throw this.#unexpected("expected AND, OR or the end");
    return condition;
  }

  #any(): Condition {
    const first = this.#all();
    if (!this.#isKeyword("OR")) return first;
    const of = [first];
    while (this.#skipKeyword("OR")) of.push(this.#all());
    return { op: "or", of };
  }

  #all(): Condition {
    const first = this.#one();
    if (!this.#isKeyword("AND")) return first;
    const of = [first];
    while (this.#skipKeyword("AND")) of.push(this.#one());
    return { op: "and", of };
  }

  #one(): Condition {
    const negated = this.#isKeyword("NOT");
    if (!negated && !this.#isSymbol("(")) return this.#test();
    this.#nesting += 1;
    if (this.#nesting > bounds.nestingMax) throw this.#refused(`nested deeper than ${bounds.nestingMax}`);
    this.#at += 1;
    const inner = negated ? this.#one() : this.#any();
    if (!negated) this.#expectSymbol(")");
    this.#nesting -= 1;
    return negated ? { op: "not", of: inner } : inner;
  }

  #test(): Condition {
    this.#comparisons += 1;
    if (this.#comparisons > bounds.comparisonsMax)
      throw this.#refused(`more than ${bounds.comparisonsMax} comparisons`);
    const column = this.#skipColumn();
    return column === undefined ? this.#literalTest() : this.#columnTest(column);
  }

  #columnTest(column: string): Condition {
    if (this.#skipKeyword("IS")) {
      const negated = this.#skipKeyword("NOT");
      if (!this.#skipKeyword("NULL")) throw this.#unexpected("expected NULL");
      return unless(negated, { op: "isNull", column });
    }
    const negated = this.#skipKeyword("NOT");
    if (this.#skipKeyword("IN")) return unless(negated, this.#in(column));
    if (this.#skipKeyword("LIKE")) return unless(negated, this.#like(column));
    if (negated) throw this.#unexpected("expected IN or LIKE");
    const op = this.#comparison();
    const right = this.#token;
    if (right.kind !== "column")
      return { op, column, param: this.#params.add(this.#value()), ...marked(right) };
    this.#at += 1;
    return { op, column, other: right.text };
  }

  #like(column: string): Condition {
    const token = this.#token;
    const param = this.#params.add(patternOf(this.#value()));
    const like = { op: "like", column, ...marked(token) } as const;
    if (!this.#skipKeyword("ESCAPE")) return { ...like, param };
    const escaping = this.#token;
    if (escaping.kind !== "text" || !isEscape(escaping.text))
      throw this.#unexpected("expected a single character in quotes");
    this.#at += 1;
    return { ...like, pattern: param, escape: this.#params.add(escaping.text) };
  }

  /** `1=1`, or the column standing on the right: `5 < age`. */
  #literalTest(): Condition {
    const left = this.#token;
    const value = this.#literal("expected a column or a value");
    const op = this.#comparison();
    const column = this.#skipColumn();
    if (column !== undefined) return { op: mirrored[op], column, param: this.#params.add(value) };
    const right = this.#token;
    this.#literal("expected a value");
    return { op: "const", value: compareConstants(constantOf(left), op, constantOf(right)) };
  }

  /** Steps over a name of a column, in whatever quotes. */
  #skipColumn(): string | undefined {
    const token = this.#token;
    if (token.kind !== "column" && !isWord(token)) return undefined;
    this.#at += 1;
    return token.text;
  }

  #comparison(): Comparison {
    const op = this.#token.kind === "symbol" ? comparisonOf(this.#token.text) : undefined;
    if (op === undefined) throw this.#unexpected("expected a comparison");
    this.#at += 1;
    return op;
  }

  #in(column: string): Condition {
    this.#expectSymbol("(");
    const values: Value[] = [];
    const words: number[] = [];
    do {
      if (isWord(this.#token)) words.push(values.length);
      values.push(this.#value());
    } while (this.#skipSymbol(","));
    this.#expectSymbol(")");
    const param = this.#params.add(values);
    return words.length === 0 ? { op: "in", column, param } : { op: "in", column, param, words };
  }

  /** What stands on the right of a column. */
  #value(): Value {
    const token = this.#token;
    if (!isWord(token)) return this.#literal("expected a value");
    this.#at += 1;
    return token.text;
  }

  #literal(expected: string): Value {
    const token = this.#token;
    if (token.kind === "word") return this.#keywordLiteral(expected);
    if (token.kind !== "number" && token.kind !== "text") throw this.#unexpected(expected);
    this.#at += 1;
    return token.kind === "number" ? numberFromText(token.text) : token.text;
  }

  #keywordLiteral(expected: string): Value {
    if (this.#skipKeyword("TRUE")) return true;
    if (this.#skipKeyword("FALSE")) return false;
    // In SQL nothing is equal to NULL, which is never what the sender meant.
    if (this.#isKeyword("NULL")) throw this.#refused("NULL can only be asked for as IS NULL or IS NOT NULL");
    throw this.#unexpected(expected);
  }

  get #token(): Token {
    // The last token is `end`, and nothing ever steps over it.
    return this.#tokens[this.#at] as Token;
  }

  #isKeyword(keyword: string): boolean {
    const token = this.#token;
    return token.kind === "word" && token.text.toUpperCase() === keyword;
  }

  #isSymbol(symbol: string): boolean {
    return this.#token.kind === "symbol" && this.#token.text === symbol;
  }

  #skipKeyword(keyword: string): boolean {
    const found = this.#isKeyword(keyword);
    if (found) this.#at += 1;
    return found;
  }

  #skipSymbol(symbol: string): boolean {
    const found = this.#isSymbol(symbol);
    if (found) this.#at += 1;
    return found;
  }

  #expectSymbol(symbol: string): void {
    if (!this.#skipSymbol(symbol)) throw this.#unexpected(`expected ${symbol}`);
  }

  #unexpected(expected: string): Refusal {
    const { kind, text } = this.#token;
    return this.#refused(
      kind === "end"
        ? `${expected}, the text ends`
        : `${expected}, found ${JSON.stringify(text.slice(0, 40))}`,
    );
  }

  #refused(message: string): Refusal {
    return refusedAt(message, this.#token.at, this.#field);
  }
}

const isKeyword = (token: Token): boolean => keywords.has(token.text.toUpperCase());

const unless = (negated: boolean, condition: Condition): Condition =>
  negated ? { op: "not", of: condition } : condition;

/** SQLite takes a single character, and none that ends its texts. */
export const isEscape = (raw: unknown): raw is string =>
  typeof raw === "string" && raw.length === 1 && raw !== "\0" && !/[\ud800-\udfff]/.test(raw);

/** What may be a column. */
const isWord = (token: Token): boolean =>
  token.kind === "name" || (token.kind === "word" && !isKeyword(token));

const marked = (token: Token): { readonly word?: true } => (isWord(token) ? { word: true } : {});

/** A pattern is a text. What a number looks like is compared as it was written. */
const patternOf = (value: Value): string => String(typeof value === "boolean" ? Number(value) : value);

function constantOf({ kind, text }: Token): Constant {
  if (kind === "number") return numberConstant(text);
  return kind === "text" ? text : BigInt(text.toUpperCase() === "TRUE");
}
