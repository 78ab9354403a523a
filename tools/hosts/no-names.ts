// The resolver of simulated hosts: answers every question at once, with "there is no such name". Without one, an engine that asks
// for its registry at each start of a container waits for 20 s.
//   node no-names.ts ADDRESS
import { createSocket } from "node:dgram";

const headerBytes = 12;
/** Response, recursion available, name error. */
const flags = Buffer.from([0x81, 0x83]);

const socket = createSocket("udp4");
socket.on("message", (question, { address, port }) => {
  if (question.length <= headerBytes) return;
  const answer = Buffer.concat([
    question.subarray(0, 2),
    flags,
    question.subarray(4, 6),
    Buffer.alloc(6),
    question.subarray(headerBytes),
  ]);
  socket.send(answer, port, address);
});
socket.bind(53, process.argv[2]);
