import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { RegistryEvent, RegistryEvents } from '../registry.ts';

export interface WebhookOptions {
  readonly url: string;
  /** Additional headers, for example with a secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** Default: all actions. */
  readonly actions?: readonly RegistryEvent['action'][];
  /** Default 10 seconds. */
  readonly timeoutMs?: number;
  /** Delay after the first failure. It doubles up to a minute. Default one second. */
  readonly retryMs?: number;
}

export interface WebhookDeps {
  /** Sends one request. Returns the status. Rejects when there is no response. */
  post(
    url: URL,
    message: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
    signal: AbortSignal,
  ): Promise<number>;
  readonly logger: Logger;
}

export interface Webhook extends AsyncDisposable {
  readonly notify: RegistryEvents;
  /** Resolves when everything so far was delivered or dropped. */
  idle(): Promise<void>;
}

const RETRY_MS_MAX = 60_000;
/** Most events that wait for a receiver. Beyond this the oldest are dropped. */
const WAITING_MAX = 10_000;
const BATCH_MAX = 100;

/**
 * Posts events in the envelope of Docker's registry (application/vnd.docker.distribution.events.v1+json), in order,
 * until the receiver responds with 2xx or 3xx. Waiting events are lost when the registry ends.
 */
export function createWebhook(deps: WebhookDeps, options: WebhookOptions): Webhook {
  const { logger } = deps;
  const { url, actions } = options;
  const queue: Queue = { waiting: [], dropped: 0 };
  const closing = new AbortController();
  let delivering: Promise<void> | undefined;
  return {
    notify(event) {
      if (actions !== undefined && !actions.includes(event.action)) return;
      queue.waiting.push(envelope(event));
      if (queue.waiting.length > WAITING_MAX) {
        queue.waiting.shift();
        queue.dropped += 1;
        const { dropped } = queue;
        if (dropped % 1000 === 1) logger.error({ webhook: url, dropped }, 'dropped undeliverable notifications');
      }
      delivering ??= deliver(deps, options, queue, closing.signal).finally(() => {
        delivering = undefined;
      });
    },
    async idle() {
      while (delivering !== undefined) await delivering;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await delivering;
    },
  };
}

interface Queue {
  readonly waiting: object[];
  /** Number of events that were dropped since the start. */
  dropped: number;
}

/** Sends the waiting events until none is left. Never rejects. */
async function deliver(deps: WebhookDeps, options: WebhookOptions, queue: Queue, closing: AbortSignal): Promise<void> {
  const { waiting } = queue;
  const { retryMs = 1000 } = options;
  let wait = retryMs;
  while (waiting.length > 0 && !closing.aborted) {
    const batch = waiting.slice(0, BATCH_MAX);
    const before = queue.dropped;
    try {
      await post(deps, options, batch, closing);
      // The events that were dropped meanwhile were the first of this batch.
      waiting.splice(0, Math.max(0, batch.length - (queue.dropped - before)));
      wait = retryMs;
    } catch (error) {
      if (closing.aborted) return;
      const facts = { webhook: options.url, waiting: waiting.length, err: messageOf(error) };
      deps.logger.warn(facts, 'cannot deliver notifications yet');
      await sleep(wait, undefined, { signal: closing, ref: false }).catch(() => {});
      wait = Math.min(wait * 2, RETRY_MS_MAX);
    }
  }
}

async function post(
  deps: WebhookDeps,
  { url, headers, timeoutMs = 10_000 }: WebhookOptions,
  events: readonly object[],
  closing: AbortSignal,
): Promise<void> {
  const message = {
    headers: { ...headers, 'Content-Type': 'application/vnd.docker.distribution.events.v1+json' },
    body: Buffer.from(JSON.stringify({ events })),
  };
  const signal = AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]);
  const status = await deps.post(new URL(url), message, signal);
  if (status >= 400) throw new Error(`the receiver responded with ${status}`);
}

function envelope(event: RegistryEvent): object {
  const { action, repository, digest, mediaType, sizeBytes, tag, fromRepository, actor, remoteAddress } = event;
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action,
    target: {
      mediaType: mediaType ?? 'application/octet-stream',
      ...(sizeBytes === undefined ? {} : { size: sizeBytes, length: sizeBytes }),
      digest,
      repository,
      ...(fromRepository === undefined ? {} : { fromRepository }),
      ...(tag === undefined ? {} : { tag }),
    },
    request: { addr: remoteAddress },
    actor: actor === undefined ? {} : { name: actor },
  };
}
