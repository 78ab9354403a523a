// PURE: the bytes of a server-sent event stream -> its events. Read by hand instead of by EventSource, because that one
// cannot send a token and does not notice a connection that has gone silent.

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
  readonly id: string | null;
}

export interface Parsed {
  readonly events: readonly ServerEvent[];
  /** What stands after the last complete event; goes before the next piece. */
  readonly rest: string;
}

export function parseEvents(text: string): Parsed {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  return { events: blocks.flatMap((block) => eventOf(block) ?? []), rest };
}

/** @returns null for a comment, which only says that the connection lives */
function eventOf(block: string): ServerEvent | null {
  let name = "message";
  let id: string | null = null;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const field = line.slice(0, colon);
    const value = line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else if (field === "id") id = value;
  }
  return data.length === 0 ? null : { name, data: data.join("\n"), id };
}
