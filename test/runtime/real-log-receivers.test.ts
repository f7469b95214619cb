import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../support/command.ts';
import { eventually } from '../support/fixture.ts';
import { freePort } from '../support/free-port.ts';
import { lacksReceivers, openReceiverRoom } from '../support/receiver-room.ts';

const skip = lacksReceivers();

test('systemd-journald has the fields of each message, and one that no datagram can hold', { skip }, async () => {
  await using room = openReceiverRoom(['/usr/lib/systemd/systemd-journald']);
  const attributes = { 'a-b': 'one\ntwo', big: 'x'.repeat(600_000) };
  await eventually(() =>
    room.send({ driver: 'journald', options: { tag: '{{.Name}}' }, attributes, lines: ['out', ''] }),
  );
  await eventually(async () => {
    const text = await room.inside(['/usr/bin/journalctl', '-o', 'json', '--all', 'CONTAINER_NAME=web']);
    const entries = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    assert.equal(entries.length, 2);
    const { MESSAGE, PRIORITY, CONTAINER_TAG, IMAGE_NAME, A_B, BIG, CONTAINER_LOG_ORDINAL } = entries[0] ?? {};
    assert.deepEqual(
      [MESSAGE, PRIORITY, CONTAINER_TAG, IMAGE_NAME, A_B, BIG?.length, CONTAINER_LOG_ORDINAL],
      ['out', '6', 'web', 'busybox', 'one\ntwo', 600_000, '1'],
    );
  });
});

test('rsyslog has the lines by UDP and TCP in each format, and by unix datagrams as of a local program', {
  skip,
}, async () => {
  const [udp, tcp] = [await freePort(), await freePort()];
  const conf = `module(load="imudp") module(load="imtcp") module(load="imuxsock" SysSock.Use="off")
input(type="imudp" address="127.0.0.1" port="${udp}")
input(type="imtcp" address="127.0.0.1" port="${tcp}")
input(type="imuxsock" Socket="/run/socket")
template(name="t" type="string" string="%programname% %syslogseverity% %msg%\\n")
*.* action(type="omfile" file="/run/lines" template="t")`;
  await using room = openReceiverRoom(['/usr/sbin/rsyslogd', '-n', '-i', '/run/pid', '-f', '/run/conf'], { conf });
  const sent: string[] = [];
  for (const address of [`tcp://127.0.0.1:${tcp}`, `udp://127.0.0.1:${udp}`, 'unixgram:///run/socket']) {
    for (const format of address.startsWith('unixgram') ? [''] : ['rfc3164', 'rfc5424', 'rfc5424micro']) {
      const options = { 'syslog-address': address, 'syslog-format': format, tag: '{{.Name}}' };
      const line = `${format} ${address}`;
      await eventually(() => room.send({ driver: 'syslog', options, attributes: {}, lines: [line] }));
      sent.push(line);
    }
  }
  await eventually(async () => {
    const lines = (await room.read('lines')).split('\n');
    for (const line of sent)
      assert.ok(
        lines.some((each) => each.startsWith('web 6 ') && each.endsWith(line)),
        `${line}: ${lines.join('|')}`,
      );
  });
});

test('rsyslog has the lines by TLS, whose certificate has to be one that the options trust', { skip }, async () => {
  const port = await freePort();
  const conf = `global(DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="/run/cert.pem"
DefaultNetstreamDriverCertFile="/run/cert.pem" DefaultNetstreamDriverKeyFile="/run/key.pem")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
input(type="imtcp" address="127.0.0.1" port="${port}")
template(name="t" type="string" string="%programname% %syslogseverity% %msg%\\n")
*.* action(type="omfile" file="/run/lines" template="t")`;
  const files = { conf, ...(await certificate()) };
  await using room = openReceiverRoom(['/usr/sbin/rsyslogd', '-n', '-i', '/run/pid', '-f', '/run/conf'], files);
  const send = (format: string, trust: Readonly<Record<string, string>>): Promise<void> => {
    const options = { 'syslog-address': `tcp+tls://127.0.0.1:${port}`, 'syslog-format': format, tag: '{{.Name}}' };
    return room.send({
      driver: 'syslog',
      options: { ...options, ...trust },
      attributes: {},
      lines: [`by ${format}`, 'two'],
    });
  };
  await eventually(() => send('rfc5424', { 'syslog-tls-ca-cert': '/run/cert.pem' }));
  await send('rfc3164', { 'syslog-tls-skip-verify': 'true' });
  await assert.rejects(send('rfc5424', {}), /self-signed certificate/);
  await eventually(async () => {
    const lines = (await room.read('lines')).split('\n').map((line) => line.replace(/ +/g, ' '));
    for (const line of ['web 6 by rfc5424', 'web 6 by rfc3164']) assert.ok(lines.includes(line), lines.join('|'));
    assert.equal(lines.filter((line) => line === 'web 6 two').length, 2);
  });
});

/** A certificate of 127.0.0.1 that signs itself, and its key. */
async function certificate(): Promise<Readonly<Record<string, string>>> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-syslog-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const kind = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
    const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = await command('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert]);
    assert.equal(made.code, 0, made.stderr);
    return { 'cert.pem': readFileSync(cert, 'utf8'), 'key.pem': readFileSync(key, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
