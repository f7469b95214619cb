import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const TYPES = { A: 1, PTR: 12, AAAA: 28, SRV: 33 } as const;
const UDP_BYTES = 512;
const HEADER_BYTES = 12;
const NAME_ERROR = 3;

export type RecordType = keyof typeof TYPES;

/** A name's records by type: addresses, names, for SRV `NAME:PORT`. */
export type Zone = Readonly<Record<string, Readonly<Partial<Record<RecordType, readonly string[]>>>>>;

export interface DnsServer extends AsyncDisposable {
  /** What was asked, in order: `udp A example.test`. */
  readonly asked: readonly string[];
}

/**
 * A name server on port 53 of an address, by UDP and TCP. It denies names outside of the zone. By UDP it sends the records that fit into
 * 512 bytes, also to clients that take more, and marks the answer as truncated.
 */
export async function dnsServer(address: string, zone: Zone): Promise<DnsServer> {
  const asked: string[] = [];
  const reply = (query: Buffer, transport: 'udp' | 'tcp'): Buffer => {
    const { name, type, end } = questionOf(query);
    const kind = (Object.keys(TYPES) as RecordType[]).find((each) => TYPES[each] === type);
    asked.push(`${transport} ${kind ?? type} ${name}`);
    const owned = zone[name];
    const records = kind === undefined ? [] : (owned?.[kind] ?? []).map((value) => recordOf(type, dataOf(kind, value)));
    return message({
      query,
      end,
      records,
      isKnown: owned !== undefined,
      limit: transport === 'udp' ? UDP_BYTES : 65535,
    });
  };
  const datagrams = createSocket('udp4');
  datagrams.on('message', (query, from) => datagrams.send(reply(query, 'udp'), from.port, from.address));
  const streams = createServer({ allowHalfOpen: false }, (socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (let size = sizeAt(received); size <= received.length; size = sizeAt(received)) {
        const answer = reply(received.subarray(2, size), 'tcp');
        socket.write(Buffer.concat([word(answer.length), answer]));
        received = received.subarray(size);
      }
    });
  });
  datagrams.bind(53, address);
  streams.listen(53, address);
  await Promise.all([once(datagrams, 'listening'), once(streams, 'listening')]);
  return {
    asked,
    async [Symbol.asyncDispose]() {
      datagrams.close();
      await new Promise((resolve) => streams.close(resolve));
    },
  };
}

/** Bytes of the first message of a stream with its length, at least those of the length. */
function sizeAt(received: Buffer): number {
  return received.length < 2 ? 2 + HEADER_BYTES : 2 + received.readUInt16BE(0);
}

function questionOf(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

interface Answer {
  readonly query: Buffer;
  /** Where the question ends. */
  readonly end: number;
  readonly records: readonly Buffer[];
  readonly isKnown: boolean;
  readonly limit: number;
}

function message({ query, end, records, isKnown, limit }: Answer): Buffer {
  const fitting: Buffer[] = [];
  let size = end;
  for (const record of records) {
    size += record.length;
    if (size > limit) break;
    fitting.push(record);
  }
  const head = Buffer.from(query.subarray(0, HEADER_BYTES));
  const isTruncated = fitting.length < records.length;
  head.writeUInt16BE(0x8580 | (isTruncated ? 0x200 : 0) | (isKnown ? 0 : NAME_ERROR), 2);
  for (const [index, count] of [1, fitting.length, 0, 0].entries()) head.writeUInt16BE(count, 4 + index * 2);
  return Buffer.concat([head, query.subarray(HEADER_BYTES, end), ...fitting]);
}

/** Its name is that of the question. */
function recordOf(type: number, data: Buffer): Buffer {
  return Buffer.concat([word(0xc000 | HEADER_BYTES), word(type), word(1), word(0), word(9), word(data.length), data]);
}

function dataOf(type: RecordType, value: string): Buffer {
  if (type === 'A') return Buffer.from(value.split('.').map(Number));
  if (type === 'AAAA') return ipv6Bytes(value);
  if (type === 'PTR') return nameBytes(value);
  const [target = '', port] = value.split(':');
  return Buffer.concat([word(0), word(0), word(Number(port)), nameBytes(target)]);
}

/** An address with `::`. */
function ipv6Bytes(address: string): Buffer {
  const [before, after] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  assert.ok(before !== undefined && after !== undefined, address);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.concat([...before, ...zeros, ...after].map((group) => word(Number.parseInt(group, 16))));
}

function nameBytes(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.from([0]),
  ]);
}

function word(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}
