import { Buffer } from 'node:buffer';
import type { Attachment, OutputKind } from './attachment.ts';
import { frame } from './attachment.ts';
import type { TaskLog } from './logs/task-log.ts';
import { OutputReader } from './output-reader.ts';
import { fifoInput, ptyInput, type TaskInput } from './task-input.ts';

const STALL_MILLISECONDS = 10_000;
/** What crun's words begin with: a JSON line, plain text, or a colour. */
const RUNTIME_WORDS = '{e\x1b';
const STREAM = { 1: 'stdout', 2: 'stderr' } as const;

export interface StreamOptions {
  readonly tty: boolean;
  readonly stdinOnce: boolean;
  readonly log: TaskLog | undefined;
  /**
   * Whether what the process has written first is the OCI runtime's, which could not execute the command; `translate` puts it in Docker's
   * words.
   */
  readonly runtimeWords?: { readonly areNext: () => boolean; readonly translate: (text: string) => string };
  /** A client has been behind for long: resolves with false when nobody is there to read. */
  readonly isDaemonAlive: () => Promise<boolean>;
  /** After this long behind, the daemon is asked whether it lives. */
  readonly stallMilliseconds?: number;
}

/** Descriptors of a started process, which the streams take over. */
export type TaskDescriptors =
  | { readonly console: number }
  | { readonly stdin: number | undefined; readonly stdout: number | undefined; readonly stderr: number | undefined };

/**
 * Carries a task's bytes: output to its log and to every attached client, stdin from the clients. The container waits
 * for the slowest living client and for the disk; never for a client or daemon that is gone.
 */
export class TaskStreams {
  readonly #options: StreamOptions;
  readonly #attachments = new Set<Attachment>();
  readonly #readers = new Set<OutputReader>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #begun = new Set<OutputKind>();
  /** The runtime's words so far, once it is known that the command cannot be executed. */
  #words: Buffer[] | undefined;
  #input: TaskInput | undefined;
  #paused = false;
  /** The process is dead: what is left is at most a pipe's content, and nobody is held up. */
  #draining = false;
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

  attach(attachment: Attachment): void {
    if (attachment.closed) return;
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

  /** Begins to carry. Clients attached before see every byte. */
  open(descriptors: TaskDescriptors, waiting: Iterable<Attachment>): void {
    const resumeInputs = (): void => {
      for (const attachment of this.#attachments) if (attachment.wantsStdin) attachment.resumeInput();
    };
    if ('console' in descriptors) {
      const fd = descriptors.console;
      this.#input = ptyInput(fd, resumeInputs);
      this.#read((events) => OutputReader.ofPty(fd, events), 1);
    } else {
      const { stdin, stdout, stderr } = descriptors;
      if (stdin !== undefined) this.#input = fifoInput(stdin, resumeInputs);
      if (stdout !== undefined) this.#read((events) => OutputReader.ofFifo(stdout, events), 1);
      if (stderr !== undefined) this.#read((events) => OutputReader.ofFifo(stderr, events), 2);
    }
    for (const attachment of waiting) this.attach(attachment);
    if (this.#readers.size === 0) this.#finish();
  }

  /** The process is dead: reads what is left without waiting for anyone, at most for `graceMilliseconds`. */
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
  }

  dropLostClients(): void {
    for (const attachment of this.#attachments) attachment.dropIfGone();
  }

  /** The log has room again. */
  onLogDrain(): void {
    this.#resume();
  }

  #read(open: (events: { onChunk: (bytes: Buffer) => boolean; onEnd: () => void }) => OutputReader, kind: OutputKind) {
    const reader: OutputReader = open({
      onChunk: (bytes) => this.#carry(kind, bytes),
      onEnd: () => {
        this.#readers.delete(reader);
        this.#tellWords(kind);
        this.#options.log?.end(STREAM[kind]);
        if (this.#readers.size === 0) this.#finish();
      },
    });
    this.#readers.add(reader);
    reader.resume();
  }

  #carry(kind: OutputKind, bytes: Buffer): boolean {
    if (!this.#begun.has(kind)) this.#begin(kind, bytes);
    if (this.#words !== undefined && kind === this.#errorKind) {
      this.#words.push(Buffer.from(bytes));
      return true;
    }
    this.#options.log?.write(STREAM[kind], bytes);
    if (this.#attachments.size > 0) {
      let copy: Buffer | undefined;
      for (const attachment of this.#attachments) {
        if (!attachment.wants(kind)) continue;
        copy ??= this.#options.tty ? Buffer.from(bytes) : frame(kind, bytes);
        attachment.send(copy);
      }
    }
    if (this.#draining || !this.#heldUp()) return true;
    this.#pause();
    return false;
  }

  /** A terminal has one stream. */
  get #errorKind(): OutputKind {
    return this.#options.tty ? 1 : 2;
  }

  #begin(kind: OutputKind, bytes: Buffer): void {
    this.#begun.add(kind);
    const mayBeWords = kind === this.#errorKind && RUNTIME_WORDS.includes(String.fromCharCode(bytes[0] ?? 0));
    if (mayBeWords && this.#options.runtimeWords?.areNext() === true) this.#words = [];
  }

  #tellWords(kind: OutputKind): void {
    const words = this.#words;
    if (words === undefined || kind !== this.#errorKind) return;
    this.#words = undefined;
    const text = Buffer.concat(words).toString();
    this.#carry(kind, Buffer.from(this.#options.runtimeWords?.translate(text) ?? text));
  }

  #heldUp(): boolean {
    if (this.#options.log?.congested === true) return true;
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
    clearTimeout(this.#stall);
    for (const attachment of this.#attachments) attachment.end();
    this.#ended.resolve();
  }
}
