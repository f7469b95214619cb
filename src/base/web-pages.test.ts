import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { refuseTwoHosts, refuseWebPages } from './web-pages.ts';

const OWN = new Set(['build.example.com']);

function verdict(headers: IncomingHttpHeaders, method = 'POST'): 'taken' | string {
  try {
    refuseWebPages({ method, headers }, OWN);
    return 'taken';
  } catch (error) {
    return (error as Error).message;
  }
}

test('programs name an address, localhost, a name without a dot or a name of the server', () => {
  for (const host of [
    'localhost:2375',
    'LOCALHOST',
    '127.0.0.1:2375',
    '[::1]:2375',
    '192.0.2.1',
    'docker:2375',
    'api.moby.localhost',
    'build.example.com:2375',
    'Build.example.com.:2375',
    '',
  ]) {
    assert.equal(verdict({ host }), 'taken', host);
  }
  assert.equal(verdict({}), 'taken', 'HTTP/1.0 has no host');
});

test('a name of somebody else is refused: the attacker’s DNS may point it here', () => {
  for (const host of ['evil.example', 'evil.example:2375', '127.0.0.1.evil.example', 'localhost.evil.example']) {
    assert.match(verdict({ host }, 'GET'), /^host .* is not known here/, host);
    refuseWebPages({ method: 'GET', headers: { host } }, 'any');
  }
});

test('a page of another origin is refused, one of this server is not', () => {
  const host = 'localhost:2375';
  for (const origin of ['http://evil.example', 'null', 'http://localhost', 'http://localhost:80', 'file://', '']) {
    assert.match(verdict({ host, origin }, 'GET'), /^web page .* may not use this API$/, origin);
  }
  assert.equal(verdict({ host, origin: 'http://localhost:2375' }), 'taken');
  assert.match(verdict({ host, 'sec-fetch-site': 'cross-site' }, 'GET'), /^web page/);
  assert.equal(verdict({ host, 'sec-fetch-site': 'same-origin' }), 'taken');
  assert.equal(verdict({ host, 'sec-fetch-site': 'none' }), 'taken', 'the user typed the address');
});

test('what a form sends is refused, what only looks like it is not', () => {
  const host = 'localhost';
  for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    assert.match(verdict({ host, 'content-type': type }), /^content type/, type);
    assert.equal(verdict({ host, 'content-type': type }, 'GET'), 'taken');
  }
  const text = { host, 'content-type': 'Text/Plain ;charset=x' };
  assert.match(verdict({ ...text, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' }), /^content type/);
  assert.equal(verdict({ ...text, 'user-agent': 'Docker-Client/28.2.2 (linux)' }), 'taken');
  assert.equal(verdict({ host, 'content-type': 'application/json' }), 'taken');
  assert.equal(verdict({ host, 'content-type': 'application/x-tar' }), 'taken');
});

test('two Host headers are refused, however they are spelled', () => {
  assert.throws(() => refuseTwoHosts({ rawHeaders: ['Host', 'a', 'X', 'y', 'hOST', 'a'] }), {
    kind: 'invalid',
    message: 'too many Host headers',
  });
  refuseTwoHosts({ rawHeaders: ['Host', 'a', 'X', 'Host'] });
});
