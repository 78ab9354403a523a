// Whether one server of an ensemble leads it. Servers tell that to whoever asks, without a session.
import { connect } from "node:net";

const answersWithinMs = 1_000;
const answerBytesMax = 16_384;

/** @param server `host:port`. @returns false when it does not, or does not answer */
export function leadsEnsemble(server: string): Promise<boolean> {
  const at = server.lastIndexOf(":");
  const [host, port] = [server.slice(0, at), Number(server.slice(at + 1))];
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect({ host, port }, () => socket.write("srvr"));
    const end = () => {
      socket.destroy();
      resolve(/^Mode: leader$/m.test(answer));
    };
    socket.setTimeout(answersWithinMs, end);
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("utf8");
      if (answer.length > answerBytesMax) end();
    });
    socket.on("close", end);
    socket.on("error", end);
  });
}
