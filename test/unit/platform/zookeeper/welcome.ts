/** What ZooKeeper answers to a client that connects: length, version, timeout in ms, session, password of 16 bytes, not read only. */
export function welcome(): Buffer {
  const answer = Buffer.alloc(41);
  answer.writeInt32BE(37, 0);
  answer.writeInt32BE(10_000, 8);
  answer.writeBigInt64BE(77n, 12);
  answer.writeInt32BE(16, 20);
  return answer;
}
