import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compactJson, indentJson } from './indent-json.ts';
import { naturalOrder } from './natural.ts';
import { type ListFormat, renderList } from './table.ts';
import { alignColumns } from './tabwriter.ts';

const KIND: ListFormat<{ id: string; name: string }> = {
  typeName: '*formatter.thing',
  table: '{{.ID}}\t{{.Name}}',
  titles: { ID: 'THING ID', Name: 'NAME' },
  fields: (item) => ({ ID: item.id, Name: item.name }),
  quiet: (item) => item.id,
};
const ITEMS = [
  { id: 'a', name: 'web' },
  { id: 'bbbbbbbbbbbb', name: 'x' },
];

test('columns are ten wide at least, with three spaces between', () => {
  assert.equal(renderList(KIND, ITEMS, { format: '' }), 'THING ID       NAME\na              web\nbbbbbbbbbbbb   x\n');
  assert.equal(renderList(KIND, [], { format: 'table' }), 'THING ID   NAME\n');
});

test('a column ends where a line does not have it', () => {
  assert.equal(alignColumns('aaaaaaaaaaaaaaa\tb\nc\nd\te\n'), 'aaaaaaaaaaaaaaa   b\nc\nd         e\n');
});

test('width counts characters, not bytes', () => {
  assert.equal(alignColumns('ééééééééé\tb\nc\td\n'), 'ééééééééé   b\nc           d\n');
});

test('a template prints a line per item, a table template aligns them under titles', () => {
  assert.equal(renderList(KIND, ITEMS, { format: '{{.Name}}' }), 'web\nx\n');
  assert.equal(
    renderList(KIND, ITEMS, { format: 'table {{.Name}}\\t{{upper .ID}}' }),
    'NAME      THING ID\nweb       A\nx         BBBBBBBBBBBB\n',
  );
  assert.equal(renderList(KIND, ITEMS.slice(0, 1), { format: '{{.ID}}\\t{{.Name}}\\n' }), 'a\tweb\n\n');
});

test('json prints an object per line, its keys sorted', () => {
  assert.equal(renderList(KIND, ITEMS.slice(0, 1), { format: 'json' }), '{"ID":"a","Name":"web"}\n');
});

test('quiet prints ids, unless a format says otherwise', () => {
  assert.equal(renderList(KIND, ITEMS, { format: '', quiet: true }), 'a\nbbbbbbbbbbbb\n');
  assert.equal(renderList(KIND, ITEMS, { format: '{{.Name}}', quiet: true }), 'web\nx\n');
});

test('a fault of the template is told in docker’s words', () => {
  assert.throws(() => renderList(KIND, ITEMS, { format: '{{.ID' }), {
    message: 'template parsing error: template: :1: unclosed action',
    exitCode: 1,
  });
  assert.throws(() => renderList(KIND, ITEMS, { format: '{{.Foo}}' }), {
    message: `template parsing error: template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.thing`,
  });
});

test('JSON is laid out token by token: numbers and escapes stay as they were', () => {
  const text = '{"a":[],"b":{ },"c":[1,12345678901234567890],"d":"x\\"{,:","e":{"f":null}}';
  assert.equal(
    indentJson(text),
    '{\n    "a": [],\n    "b": {},\n    "c": [\n        1,\n        12345678901234567890\n    ],\n    "d": "x\\"{,:",\n    "e": {\n        "f": null\n    }\n}',
  );
  assert.equal(compactJson('{ "a b" : [ 1,\n "x\\" y" ] }'), '{"a b":[1,"x\\" y"]}');
});

test('natural order counts digits as numbers', () => {
  assert.deepEqual(['a10', 'a9', 'b', 'a', '80/tcp -> [::]:1', '80/tcp -> 0.0.0.0:1', '443/tcp'].sort(naturalOrder), [
    '80/tcp -> 0.0.0.0:1',
    '80/tcp -> [::]:1',
    '443/tcp',
    'a',
    'a9',
    'a10',
    'b',
  ]);
});
