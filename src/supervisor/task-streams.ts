import { Buffer } from 'node:buffer';
import { BufferPool } from '../base/buffer-pool.ts';
import type { Readiness } from '../linux/index.ts';
import type { Attachment, OutputKind } from './attachment.ts';
import { FRAME_HEAD_BYTES, frame } from './attachment.ts';
import type { TaskLog } from './logs/task-log.ts';
import { CHUNK_BYTES, OutputReader, type OutputSource } from './output-reader.ts';
import { Spool } from './spool.ts';
import { fifoInput, ptyInput, type TaskInput } from './task-input.ts';

const STALL_MILLISECONDS = 10_000;
/** The first bytes of crun's messages: a JSON line, plain text, or a colour. */
const RUNTIME_WORDS = '{e\x1b';
/** For the chunks on their way to clients. */
const copies = new BufferPool({ bytes: CHUNK_BYTES + FRAME_HEAD_BYTES, keep: 16 });
const STREAM = { 1: 'stdout', 2: 'stderr' } as const;

export interface StreamOptions {
  readonly tty: boolean;
  readonly stdinOnce: boolean;
  readonly log: TaskLog | undefined;
  readonly readiness: Readiness;
  /** Path of the file that keeps a stream's bytes until the log and the clients have them. */
  readonly spoolPath: (kind: OutputKind) => string;
  /**
   * Whether the process's first output is the OCI runtime's message that it could not execute the command. `translate`
   * puts the message in Docker's words.
   */
  readonly runtimeWords?: { readonly areNext: () => boolean; readonly translate: (text: string) => string };
  /** Called when a client has lagged for long. Resolves to false when no daemon reads. */
  readonly isDaemonAlive: () => Promise<boolean>;
  /** Time that a client may lag before the daemon is asked whether it is alive. */
  readonly stallMilliseconds?: number;
}

/**
 * Descriptors of a started process, which the streams take over. `relay` holds the ends of a FIFO for a pty's output.
 */
export type TaskDescriptors =
  | { readonly console: number; readonly relay: { readonly reader: number; readonly writer: number } }
  | { readonly stdin: number | undefined; readonly stdout: number | undefined; readonly stderr: number | undefined };

/**
 * Copies a task's bytes: output to its log and to every attached client, stdin from the clients. The container waits
 * for the slowest living client and for the disk, but never for a disconnected client or a dead daemon.
 */
export class TaskStreams {
  readonly #options: StreamOptions;
  readonly #attachments = new Set<Attachment>();
  readonly #readers = new Set<OutputReader>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #spools = new Map<OutputKind, Spool>();
  readonly #begun = new Set<OutputKind>();
  /** The runtime's message so far, once it is known that the command cannot be executed. */
  #words: { readonly said: Buffer[]; end: number } | undefined;
  #input: TaskInput | undefined;
  #paused = false;
  /** The daemon lets the process wait. */
  #held = false;
  /** The process has ended: at most a pipe's content is left, and the streams no longer wait for anybody. */
  #draining = false;
  #isFinished = false;
  #stall: NodeJS.Timeout | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** Resolves after the last byte is in the log's queue and on its way to each client. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get hasAttachments(): boolean {
    return this.#attachments.size > 0;
  }

  /** After the last byte of output a client has its input alone, and ends with the process. */
  attach(attachment: Attachment): void {
    if (attachment.closed) return;
    if (this.#isFinished && (this.#draining || !attachment.wantsStdin)) {
      // The response to the attach goes first.
      setImmediate(() => attachment.end());
      return;
    }
    this.#attachments.add(attachment);
    attachment.bind({
      onDrain: () => this.#resume(),
      onInputEnd: () => {
        if (attachment.wantsStdin && this.#options.stdinOnce && !this.#options.tty) this.#input?.end();
      },
      onClose: () => {
        this.#attachments.delete(attachment);
        this.#resume();
      },
    });
    if (attachment.wantsStdin) attachment.readInput((bytes) => this.#input?.write(bytes) ?? true);
  }

  /** Starts to copy. Clients that are attached before get every byte. */
  open(descriptors: TaskDescriptors, waiting: Iterable<Attachment>): void {
    const resumeInputs = (): void => {
      for (const attachment of this.#attachments) if (attachment.wantsStdin) attachment.resumeInput();
    };
    if ('console' in descriptors) {
      const { console: master, relay } = descriptors;
      this.#input = ptyInput(master, resumeInputs);
      this.#read({ pipe: relay.reader, pty: { master, pipe: relay.writer } }, 1);
    } else {
      const { stdin, stdout, stderr } = descriptors;
      if (stdin !== undefined) this.#input = fifoInput(stdin, resumeInputs);
      this.#read({ pipe: stdout }, 1);
      this.#read({ pipe: stderr }, 2);
    }
    for (const attachment of waiting) this.attach(attachment);
    if (this.#readers.size === 0) this.#finish();
  }

  /** Reads the rest after the process has ended, without waiting for anyone, for at most `graceMilliseconds`. */
  async drain(graceMilliseconds: number): Promise<void> {
    this.#draining = true;
    this.#input?.destroy();
    this.#resume();
    // Others may hold the write end: a background child of an exec.
    const timer = setTimeout(() => {
      for (const reader of this.#readers) reader.destroy();
    }, graceMilliseconds);
    await this.ended;
    clearTimeout(timer);
    for (const attachment of this.#attachments) attachment.end();
  }

  /** Deletes the spools when the positions in the log are unknown, so that a successor reads nothing twice. */
  giveUpSpools(): void {
    for (const spool of this.#spools.values()) spool.giveUp();
  }

  dropLostClients(): void {
    for (const attachment of this.#attachments) attachment.dropIfGone();
  }

  /** Lets the process wait until the daemon says otherwise. */
  hold(held: boolean): void {
    this.#held = held;
    if (!held) this.#resume();
  }

  /** Called when the log can take more. */
  onLogDrain(): void {
    this.#resume();
  }

  #read(source: OutputSource, kind: OutputKind): void {
    const { log, readiness, spoolPath } = this.#options;
    const spool = new Spool(spoolPath(kind));
    if (source.pipe === undefined && spool.size === 0) return;
    this.#spools.set(kind, spool);
    // Without a log the bytes before the current position need no reader.
    const from = log?.positions[STREAM[kind]] ?? spool.size;
    const reader: OutputReader = new OutputReader(
      { source, spool, from, readiness },
      {
        onChunk: (bytes, end) => this.#carry(kind, bytes, end),
        onEnd: () => {
          this.#readers.delete(reader);
          // The descriptor is closed, and its number may soon belong to another file.
          if (source.pty !== undefined) this.#input?.destroy();
          this.#tellWords(kind);
          log?.end(STREAM[kind]);
          if (this.#readers.size === 0) this.#finish();
        },
      },
    );
    this.#readers.add(reader);
    reader.resume();
  }

  #carry(kind: OutputKind, bytes: Buffer, end: number): boolean {
    if (!this.#begun.has(kind)) this.#begin(kind, bytes);
    if (this.#words !== undefined && kind === this.#errorKind) {
      this.#words.said.push(Buffer.from(bytes));
      this.#words.end = end;
      return true;
    }
    const { log } = this.#options;
    log?.write(STREAM[kind], bytes, end);
    this.#spools.get(kind)?.release(log?.positions[STREAM[kind]] ?? end);
    if (this.#attachments.size > 0) this.#send(kind, bytes);
    if (this.#draining || !this.#heldUp()) return true;
    this.#pause();
    return false;
  }

  /** Makes one copy for all clients. Its memory is used again when the last of them has it. */
  #send(kind: OutputKind, bytes: Buffer): void {
    const clients = [...this.#attachments].filter((attachment) => attachment.wants(kind));
    if (clients.length === 0) return;
    const copy = this.#options.tty ? copies.copy(bytes) : frame(kind, bytes, copies);
    let waiting = clients.length;
    const sent = (): void => {
      waiting -= 1;
      if (waiting === 0) copies.give(copy);
    };
    for (const client of clients) client.send(copy, sent);
  }

  /** A terminal has one stream. */
  get #errorKind(): OutputKind {
    return this.#options.tty ? 1 : 2;
  }

  #begin(kind: OutputKind, bytes: Buffer): void {
    this.#begun.add(kind);
    const mayBeWords = kind === this.#errorKind && RUNTIME_WORDS.includes(String.fromCharCode(bytes[0] ?? 0));
    if (mayBeWords && this.#options.runtimeWords?.areNext() === true) this.#words = { said: [], end: 0 };
  }

  #tellWords(kind: OutputKind): void {
    const words = this.#words;
    if (words === undefined || kind !== this.#errorKind) return;
    this.#words = undefined;
    const text = Buffer.concat(words.said).toString();
    this.#carry(kind, Buffer.from(this.#options.runtimeWords?.translate(text) ?? text), words.end);
  }

  #heldUp(): boolean {
    if (this.#held || this.#options.log?.congested === true) return true;
    for (const attachment of this.#attachments) if (attachment.behind) return true;
    return false;
  }

  #pause(): void {
    this.#paused = true;
    this.#stall ??= this.#watchStall();
  }

  #resume(): void {
    if (!this.#draining && (!this.#paused || this.#heldUp())) return;
    this.#paused = false;
    clearTimeout(this.#stall);
    this.#stall = undefined;
    for (const reader of this.#readers) reader.resume();
  }

  #watchStall(): NodeJS.Timeout {
    return setTimeout(() => void this.#dropStuck(), this.#options.stallMilliseconds ?? STALL_MILLISECONDS);
  }

  async #dropStuck(): Promise<void> {
    this.#stall = undefined;
    if (await this.#options.isDaemonAlive()) {
      if (this.#paused) this.#stall = this.#watchStall();
      return;
    }
    for (const attachment of this.#attachments) if (attachment.behind) attachment.drop();
  }

  #finish(): void {
    this.#isFinished = true;
    clearTimeout(this.#stall);
    for (const attachment of this.#attachments) attachment.end();
    for (const spool of this.#spools.values()) spool[Symbol.dispose]();
    this.#ended.resolve();
  }
}
