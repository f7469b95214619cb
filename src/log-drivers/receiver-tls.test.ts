import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FluentdReceiver } from '../../test/support/log-receivers/fluentd-receiver.ts';
import { selfSigned } from '../../test/support/log-receivers/self-signed.ts';
import { SplunkReceiver } from '../../test/support/log-receivers/splunk-receiver.ts';
import { fluentd } from './fluentd/fluentd.ts';
import type { LogDriver } from './log-driver.ts';
import type { LogOptions } from './log-options.ts';
import { splunk } from './splunk/splunk.ts';
import { line } from './testing/log-messages.ts';
import { testSubject } from './testing/test-subject.ts';

async function send(driver: LogDriver, options: LogOptions): Promise<void> {
  const sender = driver.openSender?.(testSubject, options);
  assert.ok(sender !== undefined);
  try {
    await sender.send([line('x')], AbortSignal.timeout(20_000));
  } finally {
    await sender.close();
  }
}

suite('receivers with TLS', () => {
  // The first test of this process that needs the host's certificates: they are read once.
  test('an authority of the host is trusted, others are not', async (t) => {
    const trusted = await selfSigned(t, 'IP:127.0.0.1');
    process.env['SSL_CERT_FILE'] = trusted.path;
    t.after(() => delete process.env['SSL_CERT_FILE']);
    await using known = await FluentdReceiver.listen({ host: '127.0.0.1', port: 0 }, { tls: trusted });
    await send(fluentd, { 'fluentd-address': `tls://127.0.0.1:${known.port}`, 'fluentd-request-ack': 'true' });
    assert.equal(known.messages.length, 1);
    await using collector = await SplunkReceiver.listen(trusted);
    await send(splunk, { 'splunk-url': `https://127.0.0.1:${collector.port}`, 'splunk-token': 't' });
    assert.equal(collector.requests.length, 1);

    const tls = await selfSigned(t, 'IP:127.0.0.1');
    await using other = await FluentdReceiver.listen({ host: '127.0.0.1', port: 0 }, { tls });
    await assert.rejects(send(fluentd, { 'fluentd-address': `tls://127.0.0.1:${other.port}` }), {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    assert.equal(other.messages.length, 0);
  });

  test('a Splunk’s certificate is checked by its authority and name, unless that is turned off', async (t) => {
    const certificate = await selfSigned(t, 'DNS:collector.test');
    await using receiver = await SplunkReceiver.listen(certificate);
    const options = { 'splunk-url': `https://127.0.0.1:${receiver.port}`, 'splunk-token': 't' };
    const caPath = { 'splunk-capath': certificate.path };
    await assert.rejects(send(splunk, options), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    await assert.rejects(send(splunk, { ...options, ...caPath }), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    assert.equal(receiver.requests.length, 0);
    await send(splunk, { ...options, ...caPath, 'splunk-caname': 'collector.test' });
    await send(splunk, { ...options, 'splunk-insecureskipverify': 'true' });
    assert.equal(receiver.requests.length, 2);
  });
});
