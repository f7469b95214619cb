import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EntryEncoder, PARTIAL_BYTES } from './entry-encoder.ts';

const TIME = '2026-01-02T03:04:05.6Z';

/** Encodes `input` in chunks of `step` bytes. With `times` each chunk has its own time. */
function encode(input: Buffer, step: number, attrs?: Record<string, string>): string {
  let text = '';
  const sink = {
    full: () => false,
    write: (bytes: Buffer) => {
      text += bytes.toString('latin1');
    },
    rotate() {},
  };
  const encoder = new EntryEncoder(sink, 'stdout', attrs);
  for (let at = 0; at < input.length; at += step) encoder.write(Buffer.from(input.subarray(at, at + step)), TIME);
  encoder.end(TIME);
  return text;
}

function entry(log: string): string {
  return `{"log":"${log}","stream":"stdout","time":"${TIME}"}\n`;
}

/** The expected values are the output of dockerd 28.5 for the same bytes. */
const CASES: [string, Buffer, string][] = [
  ['a line', Buffer.from('hello\n'), entry('hello\\n')],
  ['empty lines', Buffer.from('\n\n'), entry('\\n') + entry('\\n')],
  ['a last line without newline', Buffer.from('a\nb'), entry('a\\n') + entry('b')],
  ['nothing', Buffer.alloc(0), ''],
  [
    'control characters, which Go writes as \\u00XX but for \\n and \\r',
    Buffer.from('\0\t\b\r\x1b\x7f"\\\n'),
    entry('\\u0000\\u0009\\u0008\\r\\u001b\x7f\\"\\\\\\n'),
  ],
  ['what browsers could misread', Buffer.from('<a>&\n'), entry('\\u003ca\\u003e\\u0026\\n')],
  ['UTF-8', Buffer.from('é€😀\n'), entry(`${Buffer.from('é€😀').toString('latin1')}\\n`)],
  ['line separators of Unicode', Buffer.from('\u2028\u2029\n'), entry('\\u2028\\u2029\\n')],
  [
    'bytes that are not UTF-8: overlong, surrogates, too large, cut off',
    Buffer.from([0xc0, 0x80, 0x20, 0xed, 0xa0, 0x80, 0x20, 0xf4, 0x90, 0x80, 0x80, 0x20, 0xe2, 0x82, 0x0a]),
    entry(`${'\\ufffd'.repeat(2)} ${'\\ufffd'.repeat(3)} ${'\\ufffd'.repeat(4)} ${'\\ufffd'.repeat(2)}\\n`),
  ],
  [
    'a line of exactly 16 kB is split before its newline',
    Buffer.from(`${'x'.repeat(PARTIAL_BYTES)}\n`),
    entry('x'.repeat(PARTIAL_BYTES)) + entry('\\n'),
  ],
  [
    'a longer line comes in parts of 16 kB',
    Buffer.from(`${'x'.repeat(2 * PARTIAL_BYTES + 5)}\nnext\n`),
    entry('x'.repeat(PARTIAL_BYTES)).repeat(2) + entry('xxxxx\\n') + entry('next\\n'),
  ],
];

for (const [name, input, expected] of CASES) {
  test(`${name}: the same however the bytes are cut`, () => {
    for (const step of [1, 2, 3, 7, 1000, PARTIAL_BYTES, 65_536]) assert.equal(encode(input, step), expected);
  });
}

test('attributes come sorted, escaped as Go does, between stream and time', () => {
  const expected = `{"log":"x\\n","stream":"stdout","attrs":{"2":"z","a":"\\u003cx\\u003e","b":"1"},"time":"${TIME}"}\n`;
  assert.equal(encode(Buffer.from('x\n'), 10, { b: '1', a: '<x>', 2: 'z' }), expected);
});

test('attributes of any length fit', () => {
  const value = 'v'.repeat(300_000);
  const entries = encode(Buffer.from('x\n'.repeat(3)), 100, { key: value })
    .trimEnd()
    .split('\n');
  assert.equal(entries.length, 3);
  for (const line of entries) assert.equal(JSON.parse(line).attrs.key, value);
});

test('the parts of a line have the time of the first', () => {
  let text = '';
  const sink = {
    full: () => false,
    write: (bytes: Buffer) => {
      text += bytes.toString();
    },
    rotate() {},
  };
  const encoder = new EntryEncoder(sink, 'stderr', undefined);
  encoder.write(Buffer.alloc(PARTIAL_BYTES + 10, 'x'), 'first');
  encoder.write(Buffer.from('\nnext\n'), 'second');
  const times = text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { time: string }).time);
  assert.deepEqual(times, ['first', 'first', 'second']);
});

test('the file is rotated between entries, as soon as it is full', () => {
  const files: string[] = [''];
  const sink = {
    full: (pending: number) => (files.at(-1)?.length ?? 0) + pending >= 100,
    write: (bytes: Buffer) => {
      files[files.length - 1] += bytes.toString();
    },
    rotate: () => void files.push(''),
  };
  new EntryEncoder(sink, 'stdout', undefined).write(Buffer.from('a\nb\nc\nd\ne\n'), TIME);
  assert.deepEqual(
    files.map((file) => file.split('\n').length - 1),
    [2, 2, 1],
  );
});
