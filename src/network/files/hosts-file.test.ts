import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsFile, updateHost, withoutHost } from './hosts-file.ts';

const own = (text: string): string[] => text.trimEnd().split('\n').slice(6);

test('extra hosts come before the own name, which is first in full', () => {
  const text = hostsFile({
    hostname: 'web',
    domainname: 'example.org',
    addresses: ['172.17.0.2'],
    extraHosts: ['a:1.1.1.1', 'v6=[::1]', 'gw:host-gateway'],
    hostGateways: ['172.17.0.1'],
  });
  assert.deepEqual(own(text), ['1.1.1.1\ta', '::1\tv6', '172.17.0.1\tgw', '172.17.0.2\tweb.example.org web']);
});

test('without an address the container has no line of its own', () => {
  assert.deepEqual(own(hostsFile({ hostname: 'web', addresses: [] })), []);
});

test('an extra host that would inject a line, lacks an address or a gateway is refused', () => {
  for (const entry of ['a', ':1.1.1.1', 'a\nb:1.1.1.1', 'a:nope', 'a:', 'gw:host-gateway']) {
    assert.throws(() => hostsFile({ hostname: 'h', addresses: [], extraHosts: [entry] }), { kind: 'invalid' }, entry);
  }
});

test('a name gets another address or goes, and nothing else of the file changes', () => {
  const text = '# db\n127.0.0.1\tlocalhost\n172.17.0.2\tdb 0123 database\n172.17.0.2\tdatabase\n\n9.9.9.9 mine db\n';
  assert.equal(updateHost(text, 'db', '172.17.0.7'), text.replace('172.17.0.2\tdb', '172.17.0.7\tdb'));
  assert.equal(updateHost(text, 'd.', '172.17.0.7'), text);
  assert.equal(withoutHost(text, 'db'), text.replace('172.17.0.2\tdb 0123 database\n', ''));
});
