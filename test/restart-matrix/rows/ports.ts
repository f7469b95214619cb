import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { eventually } from '../../support/fixture.ts';
import { freePort } from '../../support/free-port.ts';
import type { Row } from '../row.ts';

/**
 * Not ports that the engine chooses: another engine may choose the same while this one is down and reserves nothing.
 */
const [anyPort, localPort] = [await freePort(), await freePort()];

/** Published ports answer from the host by IPv4 and IPv6, and stay reserved. */
export const ports: Row = {
  name: 'ports',
  options: () => ['-p', `${anyPort}:80`, '-p', `127.0.0.1:${localPort}:80`],
  command: ['sh', '-c', 'mkdir -p /www; echo page >/www/index.html; exec httpd -f -p 80 -h /www'],
  async before({ inspect, meanwhile }) {
    const bindings = (await inspect()).NetworkSettings.Ports['80/tcp'] ?? [];
    assert.equal(bindings.length, 3, JSON.stringify(bindings));
    await eventually(() => page(`127.0.0.1:${localPort}`));
    for (const { HostIp, HostPort } of bindings) await page(address(HostIp, HostPort));
    meanwhile(async ({ containersLive }) => {
      // Packets reach the container without any process of the engine.
      if (containersLive) await page(`127.0.0.1:${localPort}`);
    });
    return async ({ containersLive }) => {
      const now = (await inspect()).NetworkSettings.Ports['80/tcp'] ?? [];
      if (containersLive) assert.deepEqual(now, bindings);
      assert.equal(now.length, bindings.length);
      for (const { HostIp, HostPort } of now) {
        await eventually(() => page(address(HostIp, HostPort)));
        await assert.rejects(listening(HostIp, Number(HostPort)), /EADDRINUSE/);
      }
    };
  },
};

/** The address by which the host reaches a binding: loopback for the unspecified address. */
function address(hostIp: string, hostPort: string): string {
  if (hostIp === '::') return `[::1]:${hostPort}`;
  return `${hostIp === '0.0.0.0' ? '127.0.0.1' : hostIp}:${hostPort}`;
}

async function page(at: string): Promise<void> {
  const answer = await fetch(`http://${at}/`, { signal: AbortSignal.timeout(5000) });
  assert.equal(await answer.text(), 'page\n', at);
}

async function listening(host: string, port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  await new Promise((resolve) => server.close(resolve));
}
