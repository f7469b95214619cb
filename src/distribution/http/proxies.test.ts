import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskProxy, parseProxy, proxiesOfEnvironment, proxyRule } from './proxies.ts';

const PROXY = 'http://proxy.test:3128';

/** Whether a request for the URL goes through a proxy when `no` lists hosts without one. */
const proxied = (no: string, url: string): boolean =>
  proxyRule({ http: PROXY, https: PROXY, no })(new URL(url)) !== undefined;

test('the scheme of what is asked for chooses the proxy', () => {
  const rule = proxyRule({ http: 'one.test:1', https: 'https://two.test' });
  assert.equal(rule(new URL('http://registry.test/'))?.href, 'http://one.test:1/');
  assert.equal(rule(new URL('https://registry.test/'))?.href, 'https://two.test/');
  assert.equal(proxyRule({ http: PROXY })(new URL('https://registry.test/')), undefined);
  assert.equal(proxyRule({})(new URL('http://registry.test/')), undefined);
});

test('the loopback is never reached through a proxy, as with Go’s clients', () => {
  for (const host of ['localhost', 'LOCALHOST:5000', '127.0.0.1', '127.8.9.10:5000', '[::1]:5000'])
    assert.equal(proxied('', `http://${host}/`), false, host);
  for (const host of ['localhost.test', '10.0.0.1', '[fe80::1]', '128.0.0.1'])
    assert.equal(proxied('', `http://${host}/`), true, host);
});

for (const [no, without, through] of [
  ['example.test', ['http://example.test', 'https://a.b.example.test:5000'], ['http://badexample.test', 'http://test']],
  ['.example.test', ['http://a.example.test'], ['http://example.test']],
  ['*.example.test', ['http://a.example.test'], ['http://example.test']],
  [
    'example.test:443',
    ['https://example.test', 'http://example.test:443'],
    ['http://example.test', 'https://example.test:5000'],
  ],
  [' One.Test , two.test ', ['http://one.test', 'http://TWO.test'], ['http://three.test']],
  ['*', ['http://one.test', 'http://10.0.0.1'], []],
  ['10.0.0.0/8', ['http://10.200.0.1:5000'], ['http://11.0.0.1', 'http://10.0.0.1.test']],
  ['10.1.2.3', ['http://10.1.2.3:5000'], ['http://10.1.2.4']],
  ['10.1.2.3:5000', ['http://10.1.2.3:5000'], ['http://10.1.2.3']],
  ['fd00::/8', ['http://[fd12::1]'], ['http://[fe80::1]', 'http://10.0.0.1']],
  ['[fd12::1]:5000', ['http://[fd12::1]:5000'], ['http://[fd12::1]']],
  ['fd12::1', ['http://[fd12::1]:5000'], ['http://[fd12::2]']],
  ['2.3', [], ['http://10.1.2.3']],
  [',:80,/8,300.0.0.0/8,10.0.0.0/99,[', [], ['http://one.test', 'http://10.0.0.1']],
] as const) {
  test(`NO_PROXY=${no} is read as Go reads it`, () => {
    for (const url of without) assert.equal(proxied(no, url), false, url);
    for (const url of through) assert.equal(proxied(no, url), true, url);
  });
}

test('the environment is read in capitals first, and empty is absent', () => {
  assert.deepEqual(proxiesOfEnvironment({ HTTP_PROXY: 'a', http_proxy: 'b', HTTPS_PROXY: '', https_proxy: 'c' }), {
    http: 'a',
    https: 'c',
    no: '',
  });
});

test('a proxy is a URL or host:port; what is refused is shown without its password', () => {
  assert.equal(parseProxy('proxy.test:3128').href, 'http://proxy.test:3128/');
  assert.equal(parseProxy('user:pw@proxy.test').href, 'http://user:pw@proxy.test/');
  for (const [text, message] of [
    [
      'socks5://user:pw@proxy.test',
      'invalid proxy address "socks5://xxxxx:xxxxx@proxy.test": no proxies of scheme socks5',
    ],
    ['http://user:pw@:x', /^invalid proxy address "http:\/\/xxxxx:xxxxx@:x": must be http:/],
    ['user:p@w@pro xy', /^invalid proxy address "xxxxx:xxxxx@pro xy": must be http:/],
    ['http://user:p%zw@proxy.test', /^invalid proxy address "http:\/\/xxxxx:xxxxx@proxy\.test": a %/],
  ] as const)
    assert.throws(() => parseProxy(text), { kind: 'invalid', message });
  assert.equal(maskProxy('https://proxy.test:1/x'), 'https://proxy.test:1/x');
  assert.equal(maskProxy('http://user@proxy.test'), 'http://xxxxx:xxxxx@proxy.test');
  assert.equal(maskProxy(''), '');
});
