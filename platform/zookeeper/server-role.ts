// What one server of an ensemble is to the others. Servers tell that to whoever asks, without a session.
import { connect } from "node:net";
import type { ServerRole } from "../process/role.ts";

const answersWithinMs = 1_000;
const answerBytesMax = 16_384;

/** @param server `host:port` */
export function serverRole(server: string): Promise<ServerRole> {
  const at = server.lastIndexOf(":");
  const [host, port] = [server.slice(0, at), Number(server.slice(at + 1))];
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect({ host, port }, () => socket.write("srvr"));
    const end = () => {
      socket.destroy();
      resolve(roleIn(answer));
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

function roleIn(answer: string): ServerRole {
  const mode = /^Mode: (leader|follower|standalone)$/m.exec(answer)?.[1];
  if (mode !== undefined) return mode === "leader" ? "leads" : "follows";
  return answer === "" ? "away" : "waits";
}
