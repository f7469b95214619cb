import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** All bytes after the head until the server's end, with chunks as they came. */
  readonly body: Buffer;
}

/** Sends bytes on a new connection, half-closes, and returns the bytes that the server sends until its end. */
export function rawRequest(socketPath: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const parts: Buffer[] = [];
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  socket.on('data', (chunk: Buffer) => parts.push(chunk));
  socket.on('error', reject);
  socket.on('end', () => {
    socket.end();
    resolve(parse(Buffer.concat(parts)));
  });
  socket.write(bytes);
  return promise;
}

/** The bytes of a request. The length of the body is added. */
export function requestBytes(line: string, headers: Readonly<Record<string, string>>, body = ''): string {
  const all = {
    Host: 'engine',
    ...headers,
    ...(body === '' ? {} : { 'Content-Length': `${Buffer.byteLength(body)}` }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

function parse(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: bytes.subarray(end + 4),
  };
}

/** Data by stream (1 stdout, 2 stderr) of Docker's frames. Undefined when the bytes are not frames. */
export function readFrames(bytes: Buffer): Readonly<Record<number, string>> | undefined {
  const streams: Record<number, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const stream = bytes[at];
    if (stream === undefined || stream > 2 || at + 8 > bytes.length) return undefined;
    const size = bytes.readUInt32BE(at + 4);
    streams[stream] = `${streams[stream] ?? ''}${bytes.toString('utf8', at + 8, at + 8 + size)}`;
    at += 8 + size;
  }
  return streams;
}
