// Self-signed certificates for tests, by openssl, which the tests can do without.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** For `test(…, { skip })`. */
export const noOpenssl: string | false = hasOpenssl() ? false : "there is no openssl on this machine";

/** Writes tls.crt and tls.key, as the API looks for them. @returns the certificate, to trust it */
export function makeCertificate(folder: string, name: string): string {
  const [crt, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name},IP:127.0.0.1`];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", ...kind, ...subject, "-keyout", key, "-out", crt], { stdio: "ignore" });
  // The API's user inside the container has another number than this one.
  chmodSync(key, 0o644);
  return readFileSync(crt, "utf8");
}
