import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressData, reverseName } from './addresses.ts';
import { NameIndex } from './name-index.ts';
import { namesOf } from './names.fixture.ts';

const endpoint = (network: string, names: readonly string[], ...addresses: readonly string[]) => ({
  networkId: `id-of-${network}`,
  network,
  names,
  addresses,
});

/** The addresses that a sandbox finds by a name. */
function found(index: NameIndex, sandboxId: string, name: string): readonly string[] | undefined {
  return index.find(sandboxId, name)?.flatMap(({ v4 }) => v4.map((data) => Buffer.from(data, 'latin1').join('.')));
}

test('a name is found on the networks of the sandbox, and only there', () => {
  const index = new NameIndex();
  index.put(namesOf('a', { endpoints: [endpoint('one', ['A', 'alias'], '10.0.1.1')] }));
  index.put(namesOf('b', { endpoints: [endpoint('one', ['b'], '10.0.1.2'), endpoint('two', ['b'], '10.0.2.2')] }));
  index.put(namesOf('c', { endpoints: [endpoint('two', ['c', 'alias'], '10.0.2.3')] }));
  assert.deepEqual(found(index, 'a', 'b'), ['10.0.1.2']);
  assert.deepEqual(found(index, 'c', 'b'), ['10.0.2.2']);
  assert.deepEqual(found(index, 'b', 'a'), ['10.0.1.1']);
  assert.equal(found(index, 'a', 'c'), undefined);
  assert.equal(found(index, 'nobody', 'a'), undefined);
  assert.deepEqual(found(index, 'b', 'alias'), ['10.0.1.1'], 'the first network that has it wins');
  assert.deepEqual(found(index, 'b', 'alias.two'), ['10.0.2.3']);
  assert.equal(found(index, 'a', 'c.two'), undefined, 'not by a network that the sandbox is not on');
});

test('the whole name comes first, then the longest part of it', () => {
  const index = new NameIndex();
  const endpoints = [
    endpoint('c', ['a.b'], '10.0.0.1'),
    endpoint('b.C', ['a'], '10.0.0.2'),
    endpoint('d', ['x.y', 'x.y.c'], '10.0.0.3'),
  ];
  index.put(namesOf('s', { endpoints }));
  assert.deepEqual(found(index, 's', 'a.b.c'), ['10.0.0.1']);
  assert.deepEqual(found(index, 's', 'a.b.c.b.c'), undefined);
  assert.deepEqual(found(index, 's', 'a.c'), undefined);
  assert.deepEqual(found(index, 's', 'x.y.c'), ['10.0.0.3']);
  index.put(namesOf('s', { endpoints: endpoints.slice(1) }));
  assert.deepEqual(found(index, 's', 'a.b.c'), ['10.0.0.2']);
});

test('the links of a sandbox precede names, and are unknown to others', () => {
  const index = new NameIndex();
  const links = [
    { alias: 'Peer', name: 'db' },
    { alias: 'web', name: 'db' },
    { alias: 'lost', name: 'nobody' },
  ];
  index.put(namesOf('a', { endpoints: [{ ...endpoint('one', ['a'], '10.0.0.1'), links }] }));
  index.put(namesOf('b', { endpoints: [endpoint('one', ['db'], '10.0.0.2')] }));
  index.put(namesOf('c', { endpoints: [endpoint('one', ['web'], '10.0.0.3')] }));
  assert.deepEqual(found(index, 'a', 'peer'), ['10.0.0.2']);
  assert.deepEqual(found(index, 'a', 'web'), ['10.0.0.2']);
  assert.deepEqual(found(index, 'b', 'web'), ['10.0.0.3']);
  assert.equal(found(index, 'b', 'peer'), undefined);
  assert.equal(found(index, 'a', 'lost'), undefined);
});

test('a put replaces all that was known of a sandbox, and a drop leaves nothing', () => {
  const index = new NameIndex();
  const watcher = namesOf('w', { endpoints: [endpoint('one', ['w'], '10.0.1.9'), endpoint('two', ['w'], '10.0.2.9')] });
  index.put(watcher);
  index.put(namesOf('a', { endpoints: [endpoint('one', ['a', 'A', 'old'], '10.0.1.1')] }));
  index.put(namesOf('b', { endpoints: [endpoint('one', ['a'], '10.0.1.2')] }));
  assert.deepEqual(found(index, 'w', 'a'), ['10.0.1.1', '10.0.1.2']);
  index.put(namesOf('a', { endpoints: [endpoint('two', ['a'], '10.0.2.1')] }));
  assert.deepEqual(found(index, 'w', 'a'), ['10.0.1.2']);
  assert.deepEqual(found(index, 'w', 'a.two'), ['10.0.2.1']);
  assert.equal(found(index, 'w', 'old'), undefined);
  assert.equal(index.findAddress('w', '1.1.0.10.in-addr.arpa'), undefined);
  for (const sandbox of ['a', 'b', 'w', 'unknown']) index.drop(sandbox);
  index.put(watcher);
  assert.equal(found(index, 'w', 'a'), undefined);
});

test('an address leads to the first name that fits into a record', () => {
  const index = new NameIndex();
  const names = ['x'.repeat(64), 'Web', 'other'];
  index.put(namesOf('a', { endpoints: [endpoint('net', names, '10.0.1.1', 'fd00::1')] }));
  for (const address of ['10.0.1.1', 'fd00::1']) {
    assert.equal(index.findAddress('a', reverseName(addressData(address)))?.pointer, '\x03Web\x03net\0');
  }
  assert.equal(index.findAddress('a', '2.1.0.10.in-addr.arpa'), undefined);
  assert.equal(index.findAddress('b', '1.1.0.10.in-addr.arpa'), undefined);
});

test('the root is not a name, even of a container that claims it', () => {
  const index = new NameIndex();
  index.put(namesOf('a', { endpoints: [endpoint('net', ['.'], '10.0.1.1')] }));
  assert.equal(found(index, 'a', ''), undefined);
});
