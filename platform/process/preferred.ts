// PURE. Of several servers of one kind, the one that a program asks first, that of its own host.

/**
 * The preferred one, then those that follow it in the list, around its end: the programs of a host that lost its server go to the next
 * one, those of another host to another.
 * @param preferred a host, with or without its port
 * @returns undefined where it is none of them
 */
export function preferredFirst<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  preferred: string,
): readonly T[] | undefined {
  const first = all.findIndex((one) => nameOf(one) === preferred || nameOf(one).startsWith(`${preferred}:`));
  return first < 0 ? undefined : [...all.slice(first), ...all.slice(0, first)];
}
