import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunked, fixedLength } from './body-decoder.ts';
import { formatHead, parseHead } from './http.ts';

test('chunks are put together wherever the pieces are cut', () => {
  const wire = Buffer.from('5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: x\r\n\r\nNEXT');
  for (let size = 1; size <= wire.length; size++) {
    const decoder = chunked();
    let body = '';
    for (let at = 0; at < wire.length; at += size)
      body += Buffer.concat([...decoder.push(wire.subarray(at, at + size))]).toString();
    assert.equal(body, 'hello world', `pieces of ${size}`);
    assert.equal(decoder.done, true);
  }
});

test('a malformed or endless chunk size is refused', () => {
  assert.throws(() => chunked().push(Buffer.from('xyz\r\n')), { kind: 'internal' });
  assert.throws(() => chunked().push(Buffer.alloc(20_000, '1')), { kind: 'internal' });
});

test('a fixed length takes that many bytes and no more', () => {
  const decoder = fixedLength(5);
  assert.equal(Buffer.concat([...decoder.push(Buffer.from('hel'))]).toString(), 'hel');
  assert.equal(Buffer.concat([...decoder.push(Buffer.from('lo there'))]).toString(), 'lo');
  assert.equal(decoder.done, true);
});

test('heads are read with names in lower case, and not from other protocols', () => {
  assert.deepEqual(parseHead('HTTP/1.1 404 Not Found\r\nContent-Type: a\r\nX: 1\r\nx: 2'), {
    status: 404,
    reason: 'Not Found',
    headers: { 'content-type': 'a', x: '1, 2' },
  });
  assert.equal(parseHead('SSH-2.0-OpenSSH'), undefined);
  assert.equal(parseHead('HTTP/1.1 200 OK\r\nbroken'), undefined);
});

test('a header can’t smuggle in another', () => {
  assert.throws(() => formatHead({ method: 'GET', target: '/x', headers: { A: 'b\r\nC: d' } }), { kind: 'invalid' });
  assert.throws(() => formatHead({ method: 'GET', target: '/x\nB: c', headers: {} }), { kind: 'invalid' });
});
