import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStubResolvConf, resolvConf } from './resolv-conf.ts';

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('the host file is passed on without its loopback servers', () => {
  const hostText = '# c\nnameserver 127.0.0.1\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\nsearch a b\nsortlist x\n';
  assert.deepEqual(lines(resolvConf({ hostText })), ['nameserver 10.0.0.1', 'search a b', 'sortlist x']);
});

test('a host with loopback servers only gets the public fallback', () => {
  assert.deepEqual(lines(resolvConf({ hostText: 'nameserver 127.0.0.53\noptions edns0' })), [
    'nameserver 8.8.8.8',
    'nameserver 8.8.4.4',
    'options edns0',
  ]);
});

test('on the host network loopback servers stay', () => {
  const text = resolvConf({ hostText: 'nameserver 127.0.0.53\n', hostNetwork: true });
  assert.deepEqual(lines(text), ['nameserver 127.0.0.53']);
});

test('options of the container replace those of the host, and a dot empties the search list', () => {
  const text = resolvConf({
    hostText: 'nameserver 10.0.0.1\nsearch a\noptions x\n',
    dns: ['1.2.3.4'],
    dnsSearch: ['.'],
    dnsOptions: ['ndots:2'],
  });
  assert.deepEqual(lines(text), ['nameserver 1.2.3.4', 'options ndots:2']);
});

test("with the engine's name server a container asks it alone, first for names without a dot", () => {
  const hostText = 'nameserver 127.0.0.1\nnameserver 10.0.0.1\nsearch a b\noptions edns0\n';
  assert.deepEqual(lines(resolvConf({ hostText, hasNames: true })), [
    'nameserver 127.0.0.11',
    'search a b',
    'options edns0 ndots:0',
  ]);
  const chosen = { dns: ['1.2.3.4'], dnsSearch: ['.'], dnsOptions: ['ndots:2'] };
  assert.deepEqual(lines(resolvConf({ hostText, hasNames: true, ...chosen })), [
    'nameserver 127.0.0.11',
    'options ndots:2',
  ]);
});

test('the stub of systemd-resolved is recognised', () => {
  assert.equal(isStubResolvConf('nameserver 127.0.0.53\n'), true);
  assert.equal(isStubResolvConf('nameserver 10.0.0.1\n'), false);
});
