// PURE: which callers count as one where there is no token to tell them apart.

const mappedForm = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Whoever has one IPv6 address usually has all of its /64. */
const networkGroups = 4;

export function networkOf(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const mapped = mappedForm.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return address.includes(":") ? groupsOf(address).slice(0, networkGroups).join(":") : address;
}

/** The eight groups, with those written out that `::` stands for. */
function groupsOf(address: string): readonly string[] {
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array.from({ length: tail === undefined ? 0 : missing }, () => "0"), ...after];
}
