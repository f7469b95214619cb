import { Buffer } from 'node:buffer';
import { isIPv4 } from 'node:net';
import { bindHostPort, connectPort, type HomeNamespace } from '../linux/index.ts';
import type { SandboxNames } from '../spec/index.ts';
import { askByTcp } from './ask-tcp.ts';
import { askByUdp } from './ask-udp.ts';
import type { Outcome } from './exchange.ts';
import { isReplyTo, rcodeOf } from './is-reply-to.ts';
import { type Query, RCODE } from './message.ts';
import type { Transport } from './reply.ts';
import type { ResolverFile } from './resolver-file.ts';
import { LateServers, type Upstream, upstreams } from './upstreams.ts';

const DNS_PORT = 53;
/** Each is a descriptor, for 6 s when no server answers. */
const OUTSTANDING_MAX = 1000;
const OUTSTANDING_PER_SANDBOX_MAX = 100;

export interface ForwarderDeps {
  readonly home: Pick<HomeNamespace, 'enter'>;
  readonly resolver: Pick<ResolverFile, 'servers'>;
  /** Forwards of all sandboxes that wait. */
  readonly outstanding: { count: number };
  readonly randomId: () => number;
  /** How long one server may take. */
  readonly timeoutMilliseconds: number;
}

/** Whom a sandbox asks, and from where. */
export type ForwarderConfig = Pick<SandboxNames, 'netnsPath' | 'forward'>;

export interface ForwardedQuery {
  readonly bytes: Buffer;
  readonly query: Query;
  readonly transport: Transport;
}

/** Passes a sandbox's queries on to the name servers that it may ask. */
export class Forwarder implements Disposable {
  readonly #deps: ForwarderDeps;
  #config: ForwarderConfig;
  #outstanding = 0;
  readonly #late = new LateServers();
  readonly #ended = new AbortController();

  constructor(deps: ForwarderDeps, config: ForwarderConfig) {
    this.#deps = deps;
    this.#config = config;
  }

  /** Later queries are forwarded in another way. */
  use(config: ForwarderConfig): void {
    this.#config = config;
  }

  /**
   * Returns the reply of the first server that has one, with the client's id. Undefined when there is none, when no
   * server may be asked, and at once when too many queries wait already. Never rejects.
   */
  async ask(asked: ForwardedQuery): Promise<Buffer | undefined> {
    const { outstanding } = this.#deps;
    if (this.#outstanding >= OUTSTANDING_PER_SANDBOX_MAX || outstanding.count >= OUTSTANDING_MAX) return undefined;
    this.#outstanding += 1;
    outstanding.count += 1;
    try {
      return await this.#askInTurn(asked);
    } finally {
      this.#outstanding -= 1;
      outstanding.count -= 1;
    }
  }

  /** Gives up what waits, and closes its sockets. */
  [Symbol.dispose](): void {
    this.#ended.abort();
  }

  async #askInTurn(asked: ForwardedQuery): Promise<Buffer | undefined> {
    const late = this.#late;
    const { signal } = this.#ended;
    for (const server of late.last(upstreams(this.#config.forward, this.#deps.resolver))) {
      if (signal.aborted) return undefined;
      const outcome = await this.#askOne(server, asked);
      if (outcome === 'timeout') late.add(server);
      if (typeof outcome === 'string') continue;
      late.remove(server);
      const rcode = rcodeOf(outcome);
      if (rcode === RCODE.serverFailure || rcode === RCODE.refused) continue;
      asked.bytes.copy(outcome, 0, 0, 2);
      return outcome;
    }
    return undefined;
  }

  #askOne(server: Upstream, { bytes, query, transport }: ForwardedQuery): Promise<Outcome> | Outcome {
    let fd: number;
    try {
      fd = this.#openSocket(server, transport);
    } catch {
      // No route, no such family, no namespace, no descriptor left: as if the server were down.
      return 'failed';
    }
    const id = this.#deps.randomId();
    const message = Buffer.from(bytes);
    message.writeUInt16BE(id, 0);
    const asked = { bytes, questionEnd: query.questionEnd };
    const exchange = {
      address: server.address,
      message,
      accepts: (reply: Buffer) => isReplyTo(reply, id, asked),
      timeoutMilliseconds: this.#deps.timeoutMilliseconds,
    };
    return transport === 'udp'
      ? askByUdp(fd, exchange, this.#ended.signal)
      : askByTcp(fd, exchange, this.#ended.signal);
  }

  /** A socket stays in the namespace in which it was made. */
  #openSocket({ address, isAskedFromHost }: Upstream, transport: Transport): number {
    const open = (): number =>
      transport === 'tcp'
        ? connectPort({ protocol: 'tcp', address, port: DNS_PORT })
        : bindHostPort({ protocol: 'udp', address: isIPv4(address) ? '0.0.0.0' : '::', port: 0 });
    return isAskedFromHost ? open() : this.#deps.home.enter(this.#config.netnsPath, open);
  }
}
