import type { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { type Exchange, type Outcome, runExchange } from './exchange.ts';
import { asIs } from './lookup.ts';

const DNS_PORT = 53;

/**
 * Asks a server over a bound UDP socket, which this closes. The socket is connected to the server, whatever namespace it
 * belongs to: nobody else's datagrams come in, and ICMP errors are reported. Other replies of the server are ignored.
 */
export function askByUdp(fd: number, exchange: Exchange, signal: AbortSignal): Promise<Outcome> {
  const { address, message, accepts, timeoutMilliseconds } = exchange;
  return runExchange(
    (running) => {
      const socket = createSocket({ type: isIPv4(address) ? 'udp4' : 'udp6', lookup: asIs });
      const failed = (): void => running.end('failed');
      socket.on('error', failed);
      socket.on('message', (reply: Buffer) => {
        if (accepts(reply)) running.end(reply);
      });
      socket.once('connect', () => {
        if (!running.hasEnded) socket.send(message);
      });
      try {
        socket.bind({ fd });
      } catch {
        closeSync(fd);
        failed();
        return () => socket.close();
      }
      socket.connect(DNS_PORT, address);
      return () => socket.close();
    },
    timeoutMilliseconds,
    signal,
  );
}
