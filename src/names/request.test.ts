import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesOf } from './names.fixture.ts';
import { parseHello, parseRequest, requestId } from './request.ts';

test('requests keep the fields of the protocol and no others', () => {
  const names = namesOf('s', { forward: { enabled: true, servers: ['10.0.0.1', 'odd'] } });
  assert.deepEqual(parseRequest({ id: 1, op: 'put', names: { ...names, more: 1 } }), { id: 1, op: 'put', names });
  const sockets = { udp: 3, tcp: 4 };
  assert.deepEqual(parseRequest({ id: 2, op: 'put', names, sockets }), { id: 2, op: 'put', names, sockets });
  assert.deepEqual(parseRequest({ id: 3, op: 'drop', sandboxIds: ['s'] }), { id: 3, op: 'drop', sandboxIds: ['s'] });
  assert.deepEqual(parseRequest({ id: 4, op: 'shutdown' }), { id: 4, op: 'shutdown' });
  assert.deepEqual(parseHello({ version: 1, pid: 9 }), { version: 1, pid: 9 });
});

test('what is not a request is an error that names the field', () => {
  const names = namesOf('s');
  const [endpoint] = names.endpoints;
  const put = (change: object) => ({ id: 1, op: 'put', names: { ...names, ...change } });
  const wrong: [unknown, RegExp][] = [
    [null, /request/],
    [[], /request/],
    [{ op: 'shutdown' }, /id/],
    [{ id: -1, op: 'shutdown' }, /id/],
    [{ id: 1, op: 'halt' }, /unknown request halt/],
    [{ id: 1, op: 'put' }, /names/],
    [put({ sandboxId: '' }), /sandboxId/],
    [put({ netnsPath: 7 }), /netnsPath/],
    [put({ endpoints: {} }), /endpoints/],
    [put({ endpoints: [{ ...endpoint, names: [1] }] }), /names/],
    [put({ endpoints: [{ ...endpoint, addresses: ['10.0.0.1/24'] }] }), /not an address: 10.0.0.1\/24/],
    [put({ forward: { enabled: 1, servers: [] } }), /enabled/],
    [put({ forward: { enabled: true } }), /servers/],
    [{ ...put({}), sockets: { udp: 3 } }, /tcp/],
    [{ id: 1, op: 'drop', sandboxIds: 's' }, /sandboxIds/],
  ];
  for (const [value, message] of wrong) assert.throws(() => parseRequest(value), { name: 'TypeError', message });
  assert.throws(() => parseHello({ version: 1 }), /pid/);
  assert.deepEqual([requestId({ id: 5 }), requestId({}), requestId('x')], [5, 0, 0]);
});
