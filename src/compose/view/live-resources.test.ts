import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { liveResources } from './live-resources.ts';

/** A view in a terminal of this width, and what it has written. */
function shown(terminal: { columns: number }) {
  const parts: string[] = [];
  const screen = {
    write: (part: string) => void parts.push(part),
    size: () => ({ rows: 24, columns: terminal.columns }),
    now: () => 0,
  };
  return { view: liveResources(screen), written: () => parts.join('') };
}

/** The lines of resources with these names, without the first line of the view. */
function linesOf(columns: number, ids: readonly string[], text: string): readonly string[] {
  const { view, written } = shown({ columns });
  for (const id of ids) view.show({ id, text, status: 'done' });
  view.end();
  return stripVTControlCharacters(written()).split('\n').slice(1, -1);
}

test('a line is never as wide as the terminal', () => {
  const ids = ['Container app-a-very-long-name-of-a-service-1', 'Network app'];
  for (const columns of [7, 12, 20, 40, 41, 80, 200]) {
    for (const each of linesOf(columns, ids, 'an error with many words, more than fit into a line'))
      assert.equal(each.length, columns - 1, `${columns}: ${each}`);
  }
});

test('a name that is too long keeps its end', () => {
  const [line] = linesOf(40, ['Container app-a-very-long-name-of-a-service-1'], 'Started');
  assert.match(line ?? '', /…f-a-service-1 {2}Started +0\.0s$/);
});

test('control characters of a text do not reach the terminal', () => {
  const { view, written } = shown({ columns: 80 });
  view.show({ id: 'Container a', text: 'bad \x1b[2J\x9b2J\x07name', status: 'error' });
  view.end();
  assert.match(written(), /bad \[2J 2J name/);
});

test('in a terminal that has become narrower, what was drawn is replaced', () => {
  const terminal = { columns: 80 };
  const { view, written } = shown(terminal);
  view.show({ id: 'Container a', text: 'Started', status: 'done' });
  view.end();
  terminal.columns = 40;
  view.end();
  // The first line still fits, the second one takes two rows.
  assert.ok(written().includes('\x1b[3A'));
});
