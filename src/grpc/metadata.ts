import { code, GrpcError } from './status.ts';

/**
 * Metadata of a call: names in lower case, each with one or several values. Values of names that end in `-bin` are
 * bytes (gRPC over HTTP/2, "Requests").
 */
export class Metadata {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  /** `rawHeaders` has the form of node:http: names and values in turn. Headers of HTTP/2 and gRPC are left out. */
  constructor(rawHeaders: readonly string[] = []) {
    const values = new Map<string, string[]>();
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const name = (rawHeaders[index] ?? '').toLowerCase();
      if (isReserved(name)) continue;
      const list = values.get(name) ?? [];
      list.push(rawHeaders[index + 1] ?? '');
      values.set(name, list);
    }
    this.#values = values;
  }

  /** The first value. */
  get(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** All values, in the order in which they were sent. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** All values of a name that ends in `-bin`. Several may be in one header, separated by commas. */
  bytes(name: string): readonly Buffer[] {
    return this.all(name).flatMap((value) => value.split(',').map((part) => Buffer.from(part, 'base64')));
  }

  names(): Iterable<string> {
    return this.#values.keys();
  }
}

/** Metadata to send. Several values of a name become several headers. Bytes only for names that end in `-bin`. */
export type MetadataInit = Readonly<Record<string, MetadataValue | readonly MetadataValue[]>>;
type MetadataValue = string | Uint8Array;

/** @throws GrpcError internal for text outside printable ASCII, which other implementations refuse */
export function toHeaders(metadata: MetadataInit): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      name.toLowerCase(),
      [value].flat().map((one) => toText(name, one)),
    ]),
  );
}

function toText(name: string, value: MetadataValue): string {
  if (typeof value !== 'string') return Buffer.from(value).toString('base64');
  if (/^[\x20-\x7e]*$/.test(value)) return value;
  throw new GrpcError(code.internal, `metadata ${name} is not printable ASCII: ${JSON.stringify(value)}`);
}

const RESERVED = new Set(['te', 'content-type', 'user-agent', 'grpc-timeout', 'grpc-encoding', 'grpc-accept-encoding']);

function isReserved(name: string): boolean {
  return name.startsWith(':') || RESERVED.has(name);
}
