import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressScreen } from './progress-screen.ts';

/** The used part of a terminal. It fails on a line that would wrap. */
function virtualTerminal(rows = 24, columns = 80) {
  const lines: string[] = [''];
  let at = 0;
  let now = 0;
  let draws = 0;
  return {
    deps: {
      size: () => ({ rows, columns }),
      now: () => now,
      write(text: string) {
        draws += 1;
        for (const [part] of text.replaceAll('\x1b', '␛').matchAll(/␛\[\d*[AKJ]|\r|\n|[^␛\r\n]+/g)) {
          const up = /^␛\[(\d+)A$/.exec(part);
          if (up !== null) at -= Number(up[1]);
          else if (part === '␛[2K') lines[at] = '';
          else if (part === '␛[J') lines.splice(at, lines.length, '');
          else if (part === '\n') lines[++at] ??= '';
          else if (part !== '\r') lines[at] += part;
          assert.ok((lines[at]?.length ?? 0) < columns, `wraps: ${lines[at]}`);
          assert.ok(at >= 0, 'above the screen');
        }
      },
    },
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    lines: () => lines.filter((line) => line !== ''),
    draws: () => draws,
  };
}

const MB = 1_000_000;

test('a layer has a bar and a rate, all together have totals, and each is drawn in its own line', () => {
  const terminal = virtualTerminal();
  const screen = new ProgressScreen(terminal.deps);
  screen.update('aaa', 'Pulling fs layer', {});
  screen.update('bbb', 'Waiting', {});
  screen.update('aaa', 'Downloading', { current: 0, total: 100 * MB });
  for (let second = 1; second <= 5; second++) {
    terminal.pass(1000);
    screen.update('aaa', 'Downloading', { current: second * 10 * MB, total: 100 * MB });
  }
  assert.deepEqual(terminal.lines(), [
    'aaa: Downloading [================>                ]  50MB/100MB  10MB/s',
    'bbb: Waiting',
    'Total: 50MB/100MB  10MB/s',
  ]);
  terminal.pass(1000);
  screen.update('aaa', 'Extracting', { current: 25 * MB, total: 100 * MB });
  screen.update('bbb', 'Downloading', { current: 1 * MB, total: 4 * MB });
  terminal.pass(1000);
  screen.update('bbb', 'Downloading', { current: 4 * MB, total: 4 * MB });
  assert.match(terminal.lines()[0] ?? '', /^aaa: Extracting \[=+> +\] {2}25MB\/100MB$/);
  assert.match(terminal.lines()[2] ?? '', /^Total: 104MB\/104MB/);
  screen.update('aaa', 'Pull complete', {});
  screen.update('bbb', 'Pull complete', {});
  screen.end();
  assert.deepEqual(terminal.lines(), ['aaa: Pull complete', 'bbb: Pull complete', 'Total: 104MB in 7.0s, 14.9MB/s']);
});

test('messages that come faster than an eye sees are drawn together', () => {
  const terminal = virtualTerminal();
  const screen = new ProgressScreen(terminal.deps);
  for (let message = 0; message < 1000; message++) {
    terminal.pass(1);
    screen.update('aaa', 'Downloading', { current: message, total: 1000 });
  }
  assert.ok(terminal.draws() <= 11, `${terminal.draws()} draws`);
  screen.end();
});

test('on a small terminal lines are cut, and those with something going on are shown', () => {
  const terminal = virtualTerminal(8, 30);
  const screen = new ProgressScreen(terminal.deps);
  const ids = Array.from({ length: 40 }, (_, index) => `layer${String(index).padStart(2, '0')}`);
  for (const id of ids) screen.update(id, 'Pulling fs layer', {});
  terminal.pass(1000);
  screen.update('layer07', 'Downloading', { current: 5 * MB, total: 10 * MB });
  terminal.pass(1000);
  screen.update('layer07', 'Downloading', { current: 6 * MB, total: 10 * MB });
  assert.ok(terminal.lines().length <= 7, terminal.lines().join('\n'));
  assert.equal(terminal.lines()[0], 'layer07: Downloading 6MB/10MB'.slice(0, 29));
  assert.ok(terminal.lines().includes('... and 35 more'));
  screen.end();
  assert.equal(terminal.lines().length, 41, 'all of them at the end');
});

test('a size that nobody knows has no bar, and one that grows beyond its total no broken one', () => {
  const terminal = virtualTerminal();
  const screen = new ProgressScreen(terminal.deps);
  screen.update('import', 'Importing', { current: 5 * MB });
  screen.update('push', 'Pushing', { current: 12 * MB, total: 10 * MB });
  screen.end();
  assert.equal(terminal.lines()[0], 'import: Importing 5MB');
  assert.match(terminal.lines()[1] ?? '', /^push: Pushing \[=+\] {2}10MB\/10MB$/);
});
