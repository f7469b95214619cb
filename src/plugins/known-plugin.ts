import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { EngineError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { type FoundPlugin, findPlugin } from './find-plugin.ts';
import type { PluginTimes } from './plugin-times.ts';
import type { Plugin, PluginKind } from './plugins.ts';
import { postRequest } from './post-request.ts';
import { readAnswer } from './read-answer.ts';

const HANDSHAKE = 'Plugin.Activate';
/** As dockerd begins its errors before and within the handshake. */
const LEGACY = 'legacy plugin: ';
const HANDSHAKE_ANSWER = z.object({ Implements: z.nullish(z.array(z.string())) });

export interface KnownPluginDeps {
  /** The folders with sockets and files of addresses, in the order of precedence. They may not exist. */
  readonly folders: readonly string[];
  readonly logger: Logger;
  readonly times: PluginTimes;
}

interface Attempt {
  readonly isPatient: boolean;
  readonly signal: AbortSignal | undefined;
}

/** The outcome of one attempt, if it did not throw. */
type Reached<T> = { readonly value: T } | { readonly unreachable: string };

/** A plugin by its name: its address, and what it said in the handshake. Its program may come and go. */
export class KnownPlugin implements Plugin {
  readonly name: string;
  /** Whether its socket or file was ever there. */
  wasFound = false;
  readonly #deps: KnownPluginDeps;
  /** The program that has done the handshake. */
  #active: FoundPlugin | undefined;
  #kinds: ReadonlySet<string> = new Set();
  /** The handshake in progress, by the program that does it. */
  #handshake: { readonly identity: string; readonly done: Promise<Reached<FoundPlugin>> } | undefined;

  constructor(deps: KnownPluginDeps, name: string) {
    this.#deps = deps;
    this.name = name;
  }

  implements(kind: PluginKind): boolean {
    return this.#kinds.has(kind);
  }

  /** Does the handshake, unless the same program has done it. @throws EngineError as `PluginHost.get` */
  async activate(isPatient: boolean, signal?: AbortSignal): Promise<void> {
    await this.#retry({ isPatient, signal }, () => this.#reach(signal));
  }

  call<T>(method: string, body: unknown, schema: z.ZodMiniType<T>, signal?: AbortSignal): Promise<T> {
    return this.#post({ method, body, schema }, { isPatient: true, signal });
  }

  callOnce<T>(method: string, body: unknown, schema: z.ZodMiniType<T>, signal?: AbortSignal): Promise<T> {
    return this.#post({ method, body, schema }, { isPatient: false, signal });
  }

  #post<T>(call: { method: string; body: unknown; schema: z.ZodMiniType<T> }, attempt: Attempt): Promise<T> {
    const { method, body, schema } = call;
    const timeoutMs = this.#deps.times.answerMs;
    return this.#retry(attempt, async () => {
      const reached = await this.#reach(attempt.signal);
      if ('unreachable' in reached) return reached;
      const { address } = reached.value;
      const outcome = await postRequest({ address, method, body, timeoutMs }, attempt.signal);
      if (outcome.kind === 'answer') return { value: readAnswer({ ...outcome, method }, schema) };
      this.#active = undefined;
      return { unreachable: outcome.reason };
    });
  }

  async #retry<T>({ isPatient, signal }: Attempt, attempt: () => Promise<Reached<T>>): Promise<T> {
    const { firstDelayMs, patienceMs } = this.#deps.times;
    let waitedMs = 0;
    for (let delayMs = firstDelayMs; ; delayMs *= 2) {
      const reached = await attempt();
      if ('value' in reached) return reached.value;
      if (!isPatient || waitedMs + delayMs > patienceMs) throw new EngineError('unavailable', reached.unreachable);
      this.#deps.logger.debug({ plugin: this.name, reason: reached.unreachable }, 'a plugin cannot be reached yet');
      await sleep(delayMs, signal);
      waitedMs += delayMs;
    }
  }

  /** Finds the program, and does the handshake with one that has not done it. @throws EngineError notFound, failed */
  async #reach(signal: AbortSignal | undefined): Promise<Reached<FoundPlugin>> {
    const found = this.#find();
    if (found === undefined) {
      const text = `plugin "${this.name}" not found`;
      if (this.wasFound) return { unreachable: text };
      throw new EngineError('notFound', text);
    }
    this.wasFound = true;
    if (this.#active?.identity === found.identity) return { value: this.#active };
    if (this.#handshake?.identity !== found.identity) {
      // It belongs to all callers, so that none of them cancels it.
      const handshake = { identity: found.identity, done: this.#shakeHands(found) };
      this.#handshake = handshake;
      const forget = (): void => {
        if (this.#handshake === handshake) this.#handshake = undefined;
      };
      handshake.done.then(forget, forget);
    }
    return abortable(this.#handshake.done, signal);
  }

  #find(): FoundPlugin | undefined {
    try {
      return findPlugin(this.#deps.folders, this.name);
    } catch (error) {
      throw legacy(error);
    }
  }

  async #shakeHands(found: FoundPlugin): Promise<Reached<FoundPlugin>> {
    const post = {
      address: found.address,
      method: HANDSHAKE,
      body: undefined,
      timeoutMs: this.#deps.times.handshakeMs,
    };
    let kinds: readonly string[];
    try {
      const outcome = await postRequest(post);
      if (outcome.kind === 'unreachable') return { unreachable: `${LEGACY}${outcome.reason}` };
      kinds = readAnswer({ ...outcome, method: HANDSHAKE }, HANDSHAKE_ANSWER).Implements ?? [];
    } catch (error) {
      throw legacy(error);
    }
    const isAgain = this.#active !== undefined || this.#kinds.size > 0;
    this.#kinds = new Set(kinds);
    this.#active = found;
    const text = isAgain ? 'a plugin is back' : 'found a plugin';
    this.#deps.logger.info({ plugin: this.name, implements: [...this.#kinds] }, text);
    return { value: found };
  }
}

function legacy(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  return new EngineError(error.kind, `${LEGACY}${error.message}`, { cause: error });
}

async function sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new EngineError('cancelled', 'cancelled while waiting for a plugin', { cause: error });
  }
}

async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new EngineError('cancelled', 'cancelled while waiting for a plugin'));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
