import { invalid } from '../../../base/errors.ts';

/** Reads values of SSH's protocols (RFC 4251, section 5) one after the other. */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @throws EngineError invalid past the end */
  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  /** @throws EngineError invalid past the end */
  string(): Buffer {
    return this.take(this.uint32());
  }

  /** A number that is not negative, without zeros before it. @throws EngineError invalid past the end */
  number(): Buffer {
    const bytes = this.string();
    const first = bytes.findIndex((byte) => byte !== 0);
    return first < 0 ? bytes.subarray(bytes.length) : bytes.subarray(first);
  }

  /** @throws EngineError invalid past the end */
  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw invalid('it ends too early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function sshString(value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** A number that is not negative (`mpint`), from its bytes. */
export function sshNumber(value: Uint8Array): Buffer {
  const first = value.findIndex((byte) => byte !== 0);
  const bytes = first < 0 ? Buffer.alloc(0) : value.subarray(first);
  const sign = (bytes[0] ?? 0) >= 0x80 ? [0] : [];
  return sshString(Buffer.concat([Buffer.from(sign), bytes]));
}
