/** A value of MessagePack. Strings stay bytes, since a log may hold any. */
export type Packed = null | boolean | number | Buffer | Extension | readonly Packed[] | PackedMap;
export type PackedMap = ReadonlyMap<string, Packed>;

export interface Extension {
  readonly type: number;
  readonly data: Buffer;
}

/** Reads one value. Undefined when it is not complete. @throws for a type that fluentd's protocol does not use */
export function readPacked(bytes: Buffer, at = 0): { readonly value: Packed; readonly end: number } | undefined {
  try {
    return new Reader(bytes, at).one();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  one(): { readonly value: Packed; readonly end: number } {
    const value = this.#value();
    return { value, end: this.#at };
  }

  #value(): Packed {
    const type = this.#uint(1);
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type & 0x0f);
    if (type < 0xa0) return this.#array(type & 0x0f);
    if (type < 0xc0) return this.#take(type & 0x1f);
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return type === 0xc3;
      case 0xc7:
        return this.#extension(this.#uint(1));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(2 ** (type - 0xcc));
      case 0xcf:
      case 0xd3:
        return Number(this.#take(8).readBigInt64BE());
      case 0xd2:
        return this.#take(4).readInt32BE();
      case 0xd7:
        return this.#extension(8);
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#uint(2 ** (type - 0xc4)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#take(this.#uint(2 ** (type - 0xd9)));
      case 0xdc:
        return this.#array(this.#uint(2));
      case 0xde:
        return this.#map(this.#uint(2));
      default:
        throw new Error(`unexpected type 0x${type.toString(16)}`);
    }
  }

  #extension(size: number): Extension {
    const type = this.#uint(1);
    return { type, data: this.#take(size) };
  }

  #array(size: number): readonly Packed[] {
    return Array.from({ length: size }, () => this.#value());
  }

  #map(size: number): PackedMap {
    return new Map(
      Array.from({ length: size }, () => {
        const key = this.#value();
        return [String(key), this.#value()];
      }),
    );
  }

  #uint(size: number): number {
    return this.#take(size).readUIntBE(0, size);
  }

  #take(size: number): Buffer {
    const from = this.#at;
    if (from + size > this.#bytes.length) throw new RangeError('incomplete');
    this.#at += size;
    return this.#bytes.subarray(from, this.#at);
  }
}
