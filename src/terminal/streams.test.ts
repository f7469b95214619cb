import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Demultiplexer, DetachScanner } from '../io/index.ts';
import { parseDetachKeys } from '../spec/index.ts';

function frame(stream: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

test('streams are told apart wherever the pieces are cut', () => {
  const wire = Buffer.concat([frame(1, 'out'), frame(2, 'err'), frame(1, ''), frame(1, ' more')]);
  for (let size = 1; size <= wire.length; size++) {
    const seen = { out: '', err: '' };
    const frames = new Demultiplexer(
      (data) => {
        seen.out += Buffer.from(data).toString();
      },
      (data) => {
        seen.err += Buffer.from(data).toString();
      },
    );
    for (let at = 0; at < wire.length; at += size) frames.push(wire.subarray(at, at + size));
    assert.deepEqual(seen, { out: 'out more', err: 'err' }, `pieces of ${size}`);
  }
});

test('what the engine reports in the stream is an error, and so is another protocol', () => {
  const frames = (): Demultiplexer =>
    new Demultiplexer(
      () => {},
      () => {},
    );
  assert.throws(() => frames().push(frame(3, 'disk full')), { message: 'error from daemon in stream: disk full' });
  assert.throws(() => frames().push(Buffer.from('plain text of a terminal')), { message: /Unrecognized input header/ });
});

test('detach keys are letters and control keys', () => {
  assert.deepEqual([...parseDetachKeys('ctrl-p,ctrl-q')], [16, 17]);
  assert.deepEqual([...parseDetachKeys('a,ctrl-\\,ctrl-@')], [97, 28, 0]);
  assert.throws(() => parseDetachKeys('ctrl-,x'), { message: "Unknown character: 'ctrl-'" });
});

const typed = (scanner: DetachScanner, ...bytes: number[]) => {
  const { pass, detached } = scanner.scan(Buffer.from(bytes));
  return { pass: [...pass], detached };
};

test('typed keys pass, the detach keys don’t', () => {
  const scanner = new DetachScanner(parseDetachKeys(''));
  assert.deepEqual(typed(scanner, 97, 98), { pass: [97, 98], detached: false });
  assert.deepEqual(typed(scanner, 99, 16, 17, 100), { pass: [99], detached: true });
});

test('the first detach key is held back until the next shows what was meant, or the input ends', () => {
  const scanner = new DetachScanner(parseDetachKeys(''));
  assert.deepEqual(typed(scanner, 16), { pass: [], detached: false });
  assert.deepEqual(typed(scanner, 97), { pass: [16, 97], detached: false });
  assert.deepEqual(typed(scanner, 16, 16), { pass: [16], detached: false });
  assert.deepEqual([...scanner.flush()], [16]);
  assert.deepEqual(typed(scanner, 16), { pass: [], detached: false });
  assert.deepEqual(typed(scanner, 17), { pass: [], detached: true });
});
