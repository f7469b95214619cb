import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { type LlbEdge, sourceNode, writeDefinition } from '../../src/build/llb/index.ts';
import { connectGrpc, type GrpcClient, type Message } from '../../src/grpc/index.ts';
import { control } from '../../src/grpc/messages/control.ts';
import { type ExecMessage, type execMessage, llbBridge, type result } from '../../src/grpc/messages/gateway.ts';

const never = new AbortController().signal;

/** Connects to BuildKit's protocol of an engine. */
export async function connectEngineBuilder(socketPath: string): Promise<GrpcClient> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const headers = { Connection: 'Upgrade', Upgrade: 'h2c' };
  const sent = request({ socketPath, method: 'POST', path: '/grpc', headers, agent: false });
  sent
    .on('upgrade', (_response, socket, head) => {
      socket.unshift(head);
      resolve(socket as Socket);
    })
    .on('error', reject);
  sent.end();
  return connectGrpc(await promise);
}

/** A build that a test drives as its frontend. Disposing returns nothing, and ends it. */
export class DrivenBuild implements AsyncDisposable {
  readonly client: GrpcClient;
  readonly id = randomBytes(12).toString('hex');
  readonly #solving: Promise<unknown>;

  private constructor(client: GrpcClient, entitlements: readonly string[]) {
    this.client = client;
    this.#solving = client.unary(
      control.Solve,
      { Ref: this.id, Internal: true, Entitlements: [...entitlements] },
      {},
      never,
    );
    this.#solving.catch(() => undefined);
  }

  static async open(socketPath: string, entitlements: readonly string[] = []): Promise<DrivenBuild> {
    return new DrivenBuild(await connectEngineBuilder(socketPath), entitlements);
  }

  get of() {
    return { metadata: { 'buildkit-controlapi-buildid': this.id } };
  }

  /** Makes a graph's result and returns its id. */
  async solve(edge: LlbEdge): Promise<string> {
    const asked = {
      Definition: writeDefinition(edge),
      allowResultReturn: true,
      allowResultArrayRef: true,
      Evaluate: true,
    };
    const { result: made } = await this.client.unary(llbBridge.Solve, asked, this.of, never);
    return (made as Message<typeof result>).ref?.id ?? '';
  }

  image(ref: string): Promise<string> {
    return this.solve({ node: sourceNode({ identifier: `docker-image://${ref}` }), output: 0 });
  }

  async container(id: string, root: string, more: object = {}): Promise<void> {
    const Mounts = [{ dest: '/', resultID: root, output: -1, input: -1 }];
    await this.client.unary(llbBridge.NewContainer, { ContainerID: id, Mounts, ...more }, this.of, never);
  }

  async release(id: string): Promise<void> {
    await this.client.unary(llbBridge.ReleaseContainer, { ContainerID: id }, this.of, never);
  }

  processes(): ProcessCalls {
    return new ProcessCalls(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.unary(llbBridge.Return, { result: { ref: { id: '' } } }, this.of, never).catch(() => undefined);
    await this.#solving.catch(() => undefined);
    await this.client[Symbol.asyncDispose]();
  }
}

/** One call of `ExecProcess`. */
export class ProcessCalls {
  readonly #call: ReturnType<GrpcClient['call']>;
  readonly #abort = new AbortController();
  readonly seen: ExecMessage[] = [];
  readonly ended: Promise<void>;
  #changed = Promise.withResolvers<void>();

  constructor({ client, of }: DrivenBuild) {
    this.#call = client.call(llbBridge.ExecProcess, of, this.#abort.signal) as never;
    this.ended = this.#read();
    this.ended.catch(() => undefined);
  }

  async #read(): Promise<void> {
    try {
      for await (const message of this.#call.responses) {
        this.seen.push(message as ExecMessage);
        this.#wake();
      }
    } finally {
      this.#wake();
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async send(message: Parameters<typeof sendable>[0]): Promise<void> {
    await this.#call.send(sendable(message));
  }

  /** Starts a process whose output is read. */
  async start(container: string, id: string, args: readonly string[], more: object = {}): Promise<void> {
    const Meta = { args: [...args], cwd: '/' };
    await this.send({ ProcessID: id, Init: { ContainerID: container, Meta, Fds: [0, 1, 2], ...more } });
  }

  async input(id: string, text: string, EOF = false): Promise<void> {
    await this.send({ ProcessID: id, File: { Fd: 0, Data: Buffer.from(text), EOF } });
  }

  output(id: string, fd = 1): string {
    const parts = this.seen.filter(({ ProcessID, File }) => ProcessID === id && File?.Fd === fd);
    return Buffer.concat(parts.map(({ File }) => File?.Data ?? Buffer.alloc(0))).toString();
  }

  /** Waits until something has come. */
  async until(found: () => boolean): Promise<void> {
    while (!found()) await Promise.race([this.#changed.promise, this.ended]);
  }

  /** Waits for a process's end, and returns its exit code. */
  async exit(id: string): Promise<number> {
    await this.until(() => this.seen.some(({ ProcessID, Done }) => ProcessID === id && Done !== undefined));
    return this.seen.find(({ ProcessID, Exit }) => ProcessID === id && Exit !== undefined)?.Exit?.Code ?? 0;
  }

  end(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#abort.abort();
  }
}

type Sent = import('../../src/grpc/index.ts').Init<typeof execMessage>;
const sendable = (message: Sent): Sent => message;
