import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogPrinter } from './log-printer.ts';

function recording(style: { readonly hasPrefix: boolean; readonly hasColor: boolean }) {
  const printed: string[] = [];
  const output = {
    out: (text: string) => void printed.push(text),
    err: (text: string) => void printed.push(`! ${text}`),
  };
  return { printer: new LogPrinter(output, style), printed };
}

test('prints whole lines behind the names of their containers, as wide as the widest', () => {
  const { printer, printed } = recording({ hasPrefix: true, hasColor: false });
  printer.announce(['web-1', 'database-1']);
  const [web, db] = [printer.sink('web-1', 'out'), printer.sink('database-1', 'err')];
  web.write(Buffer.from('hal'));
  db.write(Buffer.from('ready\n'));
  web.write(Buffer.from('lo\nlast'));
  assert.deepEqual(printed, ['! database-1  | ready\n', 'web-1       | hallo\n']);
  web.end();
  assert.equal(printed.at(-1), 'web-1       | last\n');
});

test('joins characters that came in two parts', () => {
  const { printer, printed } = recording({ hasPrefix: false, hasColor: false });
  const sink = printer.sink('web-1', 'out');
  const bytes = Buffer.from('ä\n');
  sink.write(bytes.subarray(0, 1));
  sink.write(bytes.subarray(1));
  assert.deepEqual(printed, ['ä\n']);
});

test('gives each container a color', () => {
  const { printer, printed } = recording({ hasPrefix: true, hasColor: true });
  printer.sink('a', 'out').write(Buffer.from('x\n'));
  printer.sink('b', 'out').write(Buffer.from('y\n'));
  printer.sink('a', 'out').write(Buffer.from('z\n'));
  assert.deepEqual(printed, ['\x1b[36ma  | \x1b[0mx\n', '\x1b[33mb  | \x1b[0my\n', '\x1b[36ma  | \x1b[0mz\n']);
});

test('does not keep a line without an end for ever', () => {
  const { printer, printed } = recording({ hasPrefix: false, hasColor: false });
  const sink = printer.sink('a', 'out');
  for (let at = 0; at < 5; at += 1) sink.write(Buffer.alloc(1 << 19, 'x'));
  assert.equal(printed.length, 2);
});
