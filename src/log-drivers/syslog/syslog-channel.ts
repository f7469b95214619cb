import { existsSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { errnoOf } from '../../base/errors.ts';
import type { LogChannel } from '../channel/log-channel.ts';
import { StreamChannel } from '../channel/stream-channel.ts';
import { UdpChannel } from '../channel/udp-channel.ts';
import { UnixDatagramChannel } from '../channel/unix-datagram-channel.ts';
import type { SyslogAddress } from './syslog-address.ts';

/** Where the host's own syslog listens. */
const LOCAL_PATHS = ['/dev/log', '/var/run/syslog', '/var/run/log'] as const;

/** Opens the way to a receiver. It does not connect yet. */
export function openSyslogChannel(address: SyslogAddress, tls: ConnectionOptions): LogChannel {
  switch (address.kind) {
    case 'local':
      return new LocalChannel();
    case 'unixgram':
      return new UnixDatagramChannel(address.path);
    case 'unix':
      return unixStream(address.path);
    case 'udp':
      return new UdpChannel(address.host, address.port);
    case 'tcp':
      return new StreamChannel(() => ({ socket: connectSocket(ofHost(address)), event: 'connect' }));
    case 'tcp+tls':
      return new StreamChannel(() => ({ socket: connectTls({ ...tls, ...ofHost(address) }), event: 'secureConnect' }));
  }
}

function unixStream(path: string): LogChannel {
  return new StreamChannel(() => ({ socket: connectSocket({ path }), event: 'connect' }));
}

function ofHost({ host, port }: { readonly host: string; readonly port: number }) {
  return { host: host === '' ? 'localhost' : host, port };
}

/** The host's own syslog: the first path that there is, by datagrams, or by a stream where it listens so. */
class LocalChannel implements LogChannel {
  #channel: LogChannel | undefined;

  async write(messages: readonly Buffer[], signal: AbortSignal): Promise<void> {
    const path = LOCAL_PATHS.find((each) => existsSync(each));
    if (path === undefined) throw new Error('Unix syslog delivery error');
    this.#channel ??= new UnixDatagramChannel(path);
    try {
      await this.#channel.write(messages, signal);
    } catch (error) {
      const other = errnoOf(error) === 'EPROTOTYPE' ? unixStream(path) : undefined;
      await this.close();
      if (other === undefined) throw error;
      this.#channel = other;
      await other.write(messages, signal);
    }
  }

  async close(): Promise<void> {
    const channel = this.#channel;
    this.#channel = undefined;
    await channel?.close();
  }
}
