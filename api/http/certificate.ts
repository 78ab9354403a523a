// The certificate and key for TLS, from the files `tls.crt` and `tls.key` of one folder. Read again when they change, so
// that a renewed certificate is in use without a restart.
import { readFileSync, statSync, unwatchFile, watchFile } from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../platform/telemetry/log.ts";

export interface CertificateText {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const lookDefaultEveryMs = 5_000;

export class Certificate {
  readonly #files: { readonly cert: string; readonly key: string };
  readonly #log: Log;
  readonly #lookEveryMs: number;
  #text: CertificateText;

  private constructor(files: { readonly cert: string; readonly key: string }, log: Log, lookEveryMs: number) {
    this.#files = files;
    this.#lookEveryMs = lookEveryMs;
    this.#log = log;
    this.#text = read(files);
  }

  /** @returns undefined when the folder has none. @throws when there is one that cannot be used: TLS was meant */
  static in(folder: string, log: Log, lookEveryMs = lookDefaultEveryMs): Certificate | undefined {
    const files = { cert: join(folder, "tls.crt"), key: join(folder, "tls.key") };
    try {
      if (!isThere(files.cert) && !isThere(files.key)) return undefined;
      return new Certificate(files, log, lookEveryMs);
    } catch (error) {
      throw new Error(`the certificate for TLS in ${folder} cannot be used`, { cause: error });
    }
  }

  get text(): CertificateText {
    return this.#text;
  }

  /** A renewed one that cannot be used (yet: the two files change one after the other) leaves the old one in use. */
  onRenewal(use: (text: CertificateText) => void): void {
    const look = () => {
      try {
        this.#text = read(this.#files);
        use(this.#text);
        this.#log.info({ file: this.#files.cert }, "the renewed certificate is in use");
      } catch (error) {
        this.#log.warn(
          { reason: messageOf(error) },
          "the certificate changed and cannot be used; keeping the old one",
        );
      }
    };
    for (const file of Object.values(this.#files))
      watchFile(file, { interval: this.#lookEveryMs, persistent: false }, look);
  }

  close(): void {
    for (const file of Object.values(this.#files)) unwatchFile(file);
  }
}

/** @throws when that cannot be seen: what may not be looked at is not nothing */
const isThere = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;

/** @throws when the two do not belong together */
function read(files: { readonly cert: string; readonly key: string }): CertificateText {
  const text = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  createSecureContext(text);
  return text;
}
