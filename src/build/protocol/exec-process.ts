import { constants } from 'node:os';
import { code, GrpcError, type Init, toGrpcError, toRpcStatus } from '../../grpc/index.ts';
import type { ExecMessage, execMessage, FdMessage, InitMessage } from '../../grpc/messages/gateway.ts';
import type { BuildContainer, StartedProcess } from '../build-container.ts';
import { Outbox } from './outbox.ts';

/** BuildKit's code of a process whose own is not known. */
const UNKNOWN_EXIT = 255;
/** Data in one message. */
const CHUNK_BYTES = 1 << 20;

type Answer = Init<typeof execMessage>;

/**
 * One call of `ExecProcess`: any number of processes, each with an id of the client's. The call ends when the client has ended its
 * messages and all processes have ended. A process whose call breaks off lives on until its container is released.
 */
export async function* execProcesses(
  requests: AsyncIterable<ExecMessage>,
  containerOf: (id: string) => BuildContainer,
  signal: AbortSignal,
): AsyncGenerator<Answer, void, undefined> {
  const outbox = new Outbox<Answer>();
  const call = new ProcessCall(containerOf, outbox);
  signal.addEventListener('abort', () => outbox.end({ error: signal.reason }), { once: true });
  void call.receive(requests).then(
    () => outbox.end(),
    (error: unknown) => outbox.end({ error }),
  );
  yield* outbox.read();
}

interface OpenProcess {
  readonly started: StartedProcess;
  readonly hasInput: boolean;
  isInputOpen: boolean;
}

class ProcessCall {
  readonly #containerOf: (id: string) => BuildContainer;
  readonly #outbox: Outbox<Answer>;
  readonly #processes = new Map<string, OpenProcess>();
  readonly #ends: Promise<void>[] = [];

  constructor(containerOf: (id: string) => BuildContainer, outbox: Outbox<Answer>) {
    this.#containerOf = containerOf;
    this.#outbox = outbox;
  }

  async receive(requests: AsyncIterable<ExecMessage>): Promise<void> {
    try {
      for await (const message of requests) await this.#take(message);
    } finally {
      for (const process of this.#processes.values()) endInput(process);
    }
    await Promise.all(this.#ends);
  }

  async #take({ ProcessID: id, Init, File, Resize, Signal }: ExecMessage): Promise<void> {
    if (id === '') throw new GrpcError(code.invalidArgument, 'ProcessID required');
    if (Init !== undefined) {
      await this.#start(id, Init);
      return;
    }
    if (File === undefined && Resize === undefined && Signal === undefined) return;
    const process = this.#processes.get(id);
    if (process === undefined) throw new GrpcError(code.notFound, `IO for process "${id}" not found`);
    if (File !== undefined) await write(process, File);
    if (Resize !== undefined) await process.started.resize(Resize.Rows, Resize.Cols);
    if (Signal !== undefined) await process.started.signal(signalNumber(Signal.Name));
  }

  async #start(id: string, { ContainerID, Meta, Fds, Tty, Security, secretenv }: InitMessage): Promise<void> {
    if (this.#processes.has(id)) throw new GrpcError(code.alreadyExists, `Process ${id} already exists`);
    if (Meta === undefined || Meta.args.length === 0) throw new GrpcError(code.invalidArgument, 'no command was given');
    const begun = Promise.withResolvers<void>();
    const hasInput = Fds.includes(0);
    const started = await this.#containerOf(ContainerID).start({
      ...{ meta: Meta, hasTerminal: Tty, hasInput, security: Security, secrets: secretenv },
      output: async (fd, bytes) => {
        await begun.promise;
        if (Fds.includes(fd)) await this.#output(id, fd, bytes);
      },
    });
    this.#processes.set(id, { started, hasInput, isInputOpen: hasInput });
    void this.#outbox.send({ ProcessID: id, Started: {} });
    begun.resolve();
    this.#ends.push(this.#end(id, started, Fds));
  }

  async #output(id: string, fd: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      await this.#outbox.send({ ProcessID: id, File: { Fd: fd, Data: bytes.subarray(at, at + CHUNK_BYTES) } });
    }
  }

  async #end(id: string, { exitCode }: StartedProcess, fds: readonly number[]): Promise<void> {
    const exit = await exitCode.then(exitMessageOf, (error: unknown) => ({
      Code: UNKNOWN_EXIT,
      Error: toRpcStatus(toGrpcError(error)),
    }));
    for (const fd of fds) if (fd !== 0) void this.#outbox.send({ ProcessID: id, File: { Fd: fd, EOF: true } });
    void this.#outbox.send({ ProcessID: id, Exit: exit });
    await this.#outbox.send({ ProcessID: id, Done: {} });
  }
}

/** Clients read the error of every code but zero. */
function exitMessageOf(exitCode: number): NonNullable<Answer['Exit']> {
  if (exitCode === 0) return { Code: 0 };
  return { Code: exitCode, Error: { code: code.unknown, message: `exit code: ${exitCode}` } };
}

async function write(process: OpenProcess, { Fd, EOF, Data }: FdMessage): Promise<void> {
  if (Fd !== 0 || !process.hasInput) throw new GrpcError(code.outOfRange, `fd ${Fd} unavailable to write`);
  if (!process.isInputOpen) return;
  if (Data.length > 0) await process.started.write(Data);
  if (EOF) endInput(process);
}

function endInput(process: OpenProcess): void {
  if (!process.isInputOpen) return;
  process.isInputOpen = false;
  process.started.endInput();
}

/** From BuildKit's names, which are without `SIG`. @throws GrpcError */
function signalNumber(name: string): number {
  const found = (constants.signals as Readonly<Record<string, number>>)[`SIG${name.replace(/^SIG/, '')}`];
  if (found === undefined) throw new GrpcError(code.invalidArgument, `Unknown signal ${name}`);
  return found;
}
