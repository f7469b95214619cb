import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { LogOptions } from '../model/requests.ts';
import { readLog } from './read-log.ts';

const ALL: LogOptions = {
  stdout: true,
  stderr: true,
  follow: false,
  timestamps: false,
  details: false,
  tail: -1,
  since: undefined,
  until: undefined,
};

/** Second `n` of a minute. */
function time(n: number): string {
  return `2026-01-02T03:04:${String(n).padStart(2, '0')}.5Z`;
}

function nanos(n: number): bigint {
  return BigInt(Date.parse('2026-01-02T03:04:00Z') + n * 1000) * 1_000_000n + 500_000_000n;
}

function entry(log: string, n = 0, stream = 'stdout', attrs = ''): string {
  return `{"log":${JSON.stringify(log)},"stream":"${stream}",${attrs}"time":"${time(n)}"}\n`;
}

/** A log in a folder of its own, removed at the end of the test; nothing of it may be open then. */
class TestLog implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'gantry-logs-'));
  readonly path = join(this.folder, 'x-json.log');
  readonly #end = Promise.withResolvers<void>();

  write(text: string | Buffer, suffix = ''): void {
    writeFileSync(`${this.path}${suffix}`, text);
  }

  append(text: string): void {
    appendFileSync(this.path, text);
  }

  /** As the supervisor does it. */
  rotate(text = ''): void {
    for (let n = 8; n >= 1; n -= 1) {
      if (existsSync(`${this.path}.${n}`)) renameSync(`${this.path}.${n}`, `${this.path}.${n + 1}`);
    }
    renameSync(this.path, `${this.path}.1`);
    this.write(text);
  }

  stream(options: Partial<LogOptions> = {}, tty = true, signal = new AbortController().signal): Readable {
    const ended = options.follow === true ? this.#end.promise : undefined;
    return readLog({ path: this.path, tty, ended }, { ...ALL, ...options }, signal);
  }

  async read(options: Partial<LogOptions> = {}, tty = true): Promise<string> {
    return (await this.bytes(options, tty)).toString('utf8');
  }

  async bytes(options: Partial<LogOptions> = {}, tty = true): Promise<Buffer> {
    return Buffer.concat((await this.stream(options, tty).toArray()) as Buffer[]);
  }

  /** The container has stopped. */
  end(): void {
    this.#end.resolve();
  }

  openFiles(): readonly string[] {
    const open: string[] = [];
    for (const fd of readdirSync('/proc/self/fd')) {
      try {
        open.push(readlinkSync(`/proc/self/fd/${fd}`));
      } catch {
        // Closed meanwhile.
      }
    }
    return open.filter((path) => path.startsWith(this.folder));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** Reads until `wanted` has come. */
async function until(stream: Readable, wanted: string): Promise<string> {
  let text = '';
  while (!text.includes(wanted)) {
    const chunk = stream.read() as Buffer | null;
    if (chunk !== null) {
      text += chunk.toString('utf8');
      continue;
    }
    if (stream.readableEnded) break;
    await new Promise((resolve) => {
      stream.once('readable', resolve);
      stream.once('end', resolve);
    });
  }
  return text;
}

test('frames carry stream and length, a terminal’s output is raw', async () => {
  using log = new TestLog();
  log.write(entry('out\n') + entry('é\n', 1, 'stderr'));
  const frames = await log.bytes({}, false);
  assert.deepEqual(
    frames,
    Buffer.concat([
      Buffer.from([1, 0, 0, 0, 0, 0, 0, 4]),
      Buffer.from('out\n'),
      Buffer.from([2, 0, 0, 0, 0, 0, 0, 3]),
      Buffer.from('é\n'),
    ]),
  );
  assert.equal(await log.read(), 'out\né\n');
  assert.deepEqual(log.openFiles(), []);
});

test('one stream may be chosen', async () => {
  using log = new TestLog();
  log.write(entry('a\n') + entry('b\n', 1, 'stderr'));
  assert.equal(await log.read({ stderr: false }), 'a\n');
  assert.equal(await log.read({ stdout: false }), 'b\n');
});

test('every escape is undone, in our writer’s form as in any other', async () => {
  using log = new TestLog();
  const raw =
    '{"log":"\\u0000\\t\\b\\f\\r\\"\\\\\\/\\u003c\\u2028\\ud83d\\ude00\\ud83d x\\ufffd é\\n","stream":"stdout",';
  const text = '\0\t\b\f\r"\\/<\u2028😀\ufffd x\ufffd é\n';
  log.write(`${raw}"time":"${time(0)}"}\n${raw.replace('{"log"', '{ "log"')}"time":"${time(0)}"}\n`);
  assert.equal(await log.read(), text + text);
});

test('times have nine digits and stand before each entry, attributes as a query behind them', async () => {
  using log = new TestLog();
  const attrs = '"attrs":{"l":"1","FOO":"a b,c=d"},';
  log.write(
    entry('x\n', 1, 'stdout', attrs) +
      entry('y\n', 2) +
      entry('z\n', 3, 'stdout', '"attrs":{"much":"longer than before"},'),
  );
  assert.equal(
    await log.read({ timestamps: true }),
    [1, 2, 3].map((n, i) => `2026-01-02T03:04:0${n}.500000000Z ${'xyz'[i]}\n`).join(''),
  );
  const details = ['FOO=a+b%2Cc%3Dd,l=1 x\n', ' y\n', 'much=longer+than+before z\n'];
  assert.equal(await log.read({ details: true }), details.join(''));
  const both = await log.bytes({ timestamps: true, details: true }, false);
  assert.equal(both.readUInt32BE(4), 31 + 22);
  assert.equal(both.toString('utf8', 8, 8 + 53), `2026-01-02T03:04:01.500000000Z ${details[0]}`);
});

test('since and until are both inclusive, and times with an offset are understood', async () => {
  using log = new TestLog();
  const offset = entry('offset\n').replace(time(0), '2026-01-02T05:04:03+02:00');
  log.write(entry('1\n', 1) + entry('2\n', 2) + offset + entry('4\n', 4) + entry('5\n', 5));
  assert.equal(await log.read({ since: nanos(2), until: nanos(4) }), '2\noffset\n4\n');
  assert.equal(await log.read({ since: nanos(2) + 1n }), 'offset\n4\n5\n');
  assert.equal(await log.read({ until: 1n }), '');
  assert.equal(await log.read({ since: 2n ** 80n }), '');
});

test('damaged lines are left out and end nothing', async () => {
  using log = new TestLog();
  log.write(
    `${entry('a\n')}\0\0\0\0\n{"log":"cut off\n${'x'.repeat(100)}\n[]\n{"log":5,"stream":"stdout","time":"${time(1)}"}\n{"log":"no time","stream":"stdout"}\n\n{"log":"bad escape \\q","stream":"stdout","time":"${time(1)}"}\n{"log":"bad time\\n","stream":"stdout","time":"soon"}\n${entry('b\n', 2)}`,
  );
  assert.equal(
    await log.read({ timestamps: true }),
    `${[0, 2].map((n, i) => `2026-01-02T03:04:0${n}.500000000Z ${'ab'[i]}\n`).join('')}`,
  );
});

test('a line longer than any entry is passed over without being kept', async () => {
  using log = new TestLog();
  log.write(`${entry('a\n')}${'x'.repeat(9 << 20)}\n${entry('b\n')}`);
  assert.equal(await log.read(), 'a\nb\n');
});

test('rotated files come first, oldest first, compressed or not', async () => {
  using log = new TestLog();
  log.write(gzipSync(entry('1\n')), '.10.gz');
  log.write(gzipSync(entry('2\n')), '.3.gz');
  log.write(entry('3\n'), '.2');
  log.write(gzipSync(entry('unfinished\n')), '.2.gz');
  log.write(entry('4\n'), '.1');
  log.write(entry('no part of the log\n'), '.tmp');
  log.write(entry('5\n'));
  assert.equal(await log.read(), '1\n2\n3\n4\n5\n');
  for (const [tail, expected] of [
    [0, ''],
    [1, '5\n'],
    [2, '4\n5\n'],
    [4, '2\n3\n4\n5\n'],
    [5, '1\n2\n3\n4\n5\n'],
    [99, '1\n2\n3\n4\n5\n'],
  ] as const) {
    assert.equal(await log.read({ tail }), expected, `tail ${tail}`);
  }
  assert.deepEqual(log.openFiles(), []);
});

test('a damaged compressed file gives what can be read of it', async () => {
  using log = new TestLog();
  log.write(gzipSync(entry('1\n')).subarray(0, 30), '.1.gz');
  log.write(entry('2\n'));
  assert.equal(await log.read(), '2\n');
});

test('the tail is found across blocks, in plain and in compressed files', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'x'.repeat(i % 97)}\n`);
  const text = lines.map((line) => entry(line)).join('');
  for (const compressed of [false, true]) {
    using log = new TestLog();
    if (compressed) log.write(gzipSync(text), '.1.gz');
    log.write(compressed ? '' : text);
    for (const tail of [1, 7, 3000, 19_999, 20_000, 20_001]) {
      assert.equal(await log.read({ tail }), lines.slice(-tail).join(''), `tail ${tail} compressed ${compressed}`);
    }
  }
});

test('the tail counts entries before a stream is chosen, and a last one without its newline', async () => {
  using log = new TestLog();
  log.write(entry('a\n') + entry('b\n', 1, 'stderr') + entry('c', 2).trimEnd());
  assert.equal(await log.read({ tail: 2, stderr: false }), 'c');
  assert.equal(await log.read({ tail: 1 }), 'c');
});

/** A line of `length` letters as the supervisor and dockerd write it. */
function parts(letter: string, length: number, n = 0, stream = 'stdout'): string {
  const text = `${letter.repeat(length)}\n`;
  const cuts = Array.from({ length: Math.ceil(text.length / 16_384) }, (_, i) =>
    text.slice(i * 16_384, (i + 1) * 16_384),
  );
  return cuts.map((cut) => entry(cut, n, stream)).join('');
}

test('a line in several parts counts once in a tail, also across files', async () => {
  const long = (letter: string): string => `${letter.repeat(40_000)}\n`;
  for (const cut of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
    for (const compressed of [false, true]) {
      using log = new TestLog();
      const entries = `${entry('a\n')}${parts('b', 40_000)}${entry('c\n')}${parts('d', 40_000)}`.split(/(?<=\n)/);
      const [before, after] = [entries.slice(0, cut).join(''), entries.slice(cut).join('')];
      log.write(compressed ? gzipSync(before) : before, compressed ? '.1.gz' : '.1');
      log.write(after);
      const lines = ['a\n', long('b'), 'c\n', long('d')];
      for (const tail of [0, 1, 2, 3, 4, 5]) {
        const expected = tail === 0 ? '' : lines.slice(-tail).join('');
        assert.ok(
          (await log.read({ tail })) === expected,
          `tail ${tail}, ${cut} entries in the older file, ${compressed}`,
        );
      }
    }
  }
});

test('what looks like a part is none: a last line without its newline, however it is escaped', async () => {
  using log = new TestLog();
  const escaped = '\u0001'.repeat(5000);
  const quoted = `${'x'.repeat(20_000)}\\n`;
  log.write(
    entry('a\n') + entry(escaped) + entry('b\n') + parts('c', 16_383) + entry(quoted.slice(0, 16_384)) + entry('end\n'),
  );
  assert.equal(await log.read({ tail: 1 }), `${'x'.repeat(16_384)}end\n`);
  assert.equal((await log.read({ tail: 2 })).length, 16_384 + 16_384 + 4);
  assert.equal(await log.read({ tail: 4 }), `${escaped}b\n${'c'.repeat(16_383)}\n${'x'.repeat(16_384)}end\n`);
});

test('a line in several parts has one time and one set of attributes', async () => {
  using log = new TestLog();
  const attrs = '"attrs":{"k":"v"},';
  log.write(
    entry('x'.repeat(16_384), 1, 'stdout', attrs) +
      entry('e\n', 1, 'stderr', attrs) +
      entry('x\n', 1, 'stdout', attrs) +
      entry('y\n', 2, 'stdout', attrs),
  );
  const stamp = (n: number): string => time(n).replace('.5Z', '.500000000Z');
  assert.equal(
    await log.read({ timestamps: true, details: true, stderr: false }),
    `${stamp(1)} k=v ${'x'.repeat(16_384)}x\n${stamp(2)} k=v y\n`,
  );
  assert.match(await log.read({ timestamps: true }), /^\S+ x+\S+ e\n\nx\n|^\S+ x{16384}2026\S+ e\nx\n2026\S+ y\n$/);
});

test('the tail before a time is that of the lines until then', async () => {
  for (const compressed of [false, true]) {
    using log = new TestLog();
    const text = Array.from({ length: 9 }, (_, n) => entry(`${n}\n`, n)).join('');
    log.write(compressed ? gzipSync(text) : text, compressed ? '.1.gz' : '.1');
    log.write(entry('9\n', 9));
    assert.equal(await log.read({ tail: 2, until: nanos(4) }), '3\n4\n');
    assert.equal(await log.read({ tail: 2, until: nanos(9) }), '8\n9\n');
    assert.equal(await log.read({ tail: 1, until: nanos(-1) }), '');
    assert.equal(await log.read({ tail: 3, since: nanos(4), until: nanos(4) }), '4\n');
  }
});

test('a log that is not there is empty', async () => {
  using log = new TestLog();
  assert.equal(await log.read(), '');
  assert.equal(await log.read({ tail: 3 }), '');
});

test('following shows what is written, and ends with the container when everything is read', async () => {
  using log = new TestLog();
  log.write(entry('1\n'));
  const stream = log.stream({ follow: true });
  assert.equal(await until(stream, '1\n'), '1\n');
  const half = entry('2\n');
  log.append(half.slice(0, 20));
  log.append(half.slice(20));
  assert.equal(await until(stream, '2\n'), '2\n');
  log.append(entry('3\n'));
  log.end();
  assert.equal(Buffer.concat((await stream.toArray()) as Buffer[]).toString(), '3\n');
  assert.deepEqual(log.openFiles(), []);
});

test('following a log that is yet to come', async () => {
  using log = new TestLog();
  const stream = log.stream({ follow: true });
  stream.once('readable', () => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  log.write(entry('1\n'));
  assert.equal(await until(stream, '1\n'), '1\n');
  log.end();
  assert.equal((await stream.toArray()).length, 0);
});

test('following goes through rotations, several at once too, and loses nothing', async () => {
  using log = new TestLog();
  log.write(entry('0\n', 0));
  const stream = log.stream({ follow: true });
  let seen = await until(stream, '0\n');
  log.append(entry('1\n', 1));
  log.rotate(entry('2\n', 2));
  seen += await until(stream, '2\n');
  log.rotate(entry('3\n', 3));
  log.rotate(entry('4\n', 4));
  log.rotate(entry('5\n', 5));
  seen += await until(stream, '5\n');
  log.rotate();
  log.append(entry('6\n', 6));
  log.end();
  seen += Buffer.concat((await stream.toArray()) as Buffer[]).toString();
  assert.equal(seen, '0\n1\n2\n3\n4\n5\n6\n');
});

test('following finds its place again when the file it read was compressed meanwhile', async () => {
  using log = new TestLog();
  log.write(entry('0\n', 0));
  const stream = log.stream({ follow: true });
  let seen = await until(stream, '0\n');
  rmSync(log.path);
  log.write(gzipSync(entry('0\n', 0)), '.2.gz');
  log.write(gzipSync(entry('1\n', 1)), '.1.gz');
  log.write(entry('2\n', 2));
  seen += await until(stream, '2\n');
  log.end();
  await stream.toArray();
  assert.equal(seen, '0\n1\n2\n');
});

test('entries with one time, as a burst has them, are told apart when a place is found again', async () => {
  using log = new TestLog();
  log.write(entry('0\n') + entry('1\n'));
  const stream = log.stream({ follow: true });
  let seen = await until(stream, '1\n');
  rmSync(log.path);
  log.write(gzipSync(entry('0\n') + entry('1\n') + entry('2\n')), '.1.gz');
  log.write(entry('3\n') + entry('4\n', 4));
  seen += await until(stream, '4\n');
  log.end();
  await stream.toArray();
  assert.equal(seen, '0\n1\n2\n3\n4\n');
});

test('following a single file that is truncated when it is full', async () => {
  using log = new TestLog();
  log.write(entry('a long first entry\n'));
  const stream = log.stream({ follow: true });
  await until(stream, 'first entry\n');
  log.write(entry('2\n'));
  assert.equal(await until(stream, '2\n'), '2\n');
  log.end();
  await stream.toArray();
});

test('following up to a time ends by itself', async () => {
  using log = new TestLog();
  log.write(entry('1\n', 1) + entry('2\n', 2));
  assert.equal(await log.read({ follow: true, until: nanos(1) }), '1\n');
  const soon = BigInt(Date.now() + 50) * 1_000_000n;
  assert.equal(await log.read({ follow: true, until: soon }), '1\n2\n');
});

test('a client that goes away leaves nothing open, whether it waits or reads', async () => {
  using log = new TestLog();
  log.write(entry('x\n').repeat(20_000));
  for (const follow of [false, true]) {
    const abort = new AbortController();
    const stream = log.stream({ follow }, true, abort.signal);
    await until(stream, 'x\n');
    abort.abort();
    await closed(log);
    assert.equal(stream.destroyed, true);
  }
  const waiting = log.stream({ follow: true, tail: 1 });
  await until(waiting, 'x\n');
  waiting.destroy();
  await closed(log);
  assert.equal(log.stream({}, true, AbortSignal.abort()).destroyed, true);
});

/** Waits for closes that are under way; the test's own time limit ends it. */
async function closed(log: TestLog): Promise<void> {
  while (log.openFiles().length > 0) await new Promise((resolve) => setImmediate(resolve));
}

test('a reader that does not read holds no more than a few blocks', async () => {
  using log = new TestLog();
  const block = entry(`${'x'.repeat(1000)}\n`).repeat(2000);
  log.write('');
  for (let i = 0; i < 20; i += 1) log.append(block);
  const stream = log.stream();
  await new Promise((resolve) => stream.once('readable', resolve));
  for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(stream.readableLength < 2 << 20, `${stream.readableLength} bytes are held`);
  stream.destroy();
  await closed(log);
});

test('what our writer’s form allows is decoded as JSON.parse would, whatever the bytes and cuts', async () => {
  using log = new TestLog();
  const letters = ['a', 'é', '€', '😀', '"', '\\', '\n', '\t', '\0', '<', '\u2028', '\x7f', ' '];
  let seed = 7;
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  const texts = Array.from({ length: 3000 }, () =>
    Array.from({ length: next(200) }, () => letters[next(letters.length)]).join(''),
  );
  log.write(texts.map((text, i) => entry(text, i % 60, i % 3 === 0 ? 'stderr' : 'stdout')).join(''));
  assert.equal(await log.read(), texts.join(''));
  const frames = await log.bytes({}, false);
  let at = 0;
  for (const text of texts) {
    const length = frames.readUInt32BE(at + 4);
    assert.equal(frames.toString('utf8', at + 8, at + 8 + length), text);
    at += 8 + length;
  }
  assert.equal(at, frames.length);
});
