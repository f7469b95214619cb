import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { eventually } from '../../support/fixture.ts';
import { freePort } from '../../support/free-port.ts';
import { askUdp, echoWithin } from '../../support/udp-echo.ts';
import type { Row } from '../row.ts';

/** Not ports that the engine chooses, as in `ports.ts`. */
const [anyPort, localPort] = [await freePort(), await freePort()];

/** Published UDP ports pass datagrams from the host by IPv4 and IPv6, in flows that began before too, and stay reserved. */
export const udpPorts: Row = {
  name: 'udp-ports',
  options: () => ['-p', `${anyPort}:53/udp`, '-p', `127.0.0.1:${localPort}:53/udp`],
  async before({ inspect, meanwhile }) {
    const bindings = (await inspect()).NetworkSettings.Ports['53/udp'] ?? [];
    assert.equal(bindings.length, 3, JSON.stringify(bindings));
    const server = echoWithin((await inspect()).State.Pid, 53);
    await server.ready;
    const flow = new Flow(localPort);
    await flow.echoes();
    await echoes();
    meanwhile(async ({ containersLive }) => {
      // Datagrams reach the container without any process of the engine.
      if (!containersLive) return;
      await flow.echoes();
      assert.equal(await askUdp('127.0.0.1', localPort), 'echo ping');
    });
    return async ({ containersLive }) => {
      using _flow = flow;
      using _server = server;
      if (containersLive) await flow.echoes();
      using again = containersLive ? undefined : echoWithin((await inspect()).State.Pid, 53);
      await again?.ready;
      assert.deepEqual((await inspect()).NetworkSettings.Ports['53/udp'], bindings);
      await echoes();
      for (const { HostIp, HostPort } of bindings)
        await assert.rejects(bound(HostIp, Number(HostPort)), /EADDRINUSE/, `${HostIp} ${HostPort}`);
    };
  },
};

async function echoes(): Promise<void> {
  for (const [host, port] of [
    ['127.0.0.1', anyPort],
    ['::1', anyPort],
    ['127.0.0.1', localPort],
  ] as const)
    await eventually(async () => assert.equal(await askUdp(host, port, 1000), 'echo ping', `${host} ${port}`));
}

/** A client that keeps its socket, and so its place in the kernel's table of flows. */
class Flow implements Disposable {
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;
  #serial = 0;

  constructor(port: number) {
    this.#port = port;
    this.#socket.unref();
  }

  async echoes(): Promise<void> {
    this.#serial += 1;
    const text = `flow ${this.#serial}`;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`no answer to ${text}`)), 10_000);
    const take = (answer: Buffer): void => {
      if (String(answer) === `echo ${text}`) resolve();
    };
    this.#socket.on('message', take);
    try {
      this.#socket.send(text, this.#port, '127.0.0.1');
      await promise;
    } finally {
      clearTimeout(timer);
      this.#socket.off('message', take);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

async function bound(host: string, port: number): Promise<void> {
  const socket = createSocket(host.includes(':') ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('error', reject).bind(port, host, resolve);
  try {
    await promise;
  } finally {
    socket.close();
  }
}
