import { join } from 'node:path';
import { EngineError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Records } from '../../base/records.ts';
import type { Progress } from '../solver/index.ts';
import { HistoryFollowers } from './history-followers.ts';
import { digestOf, errorDocument, type HistoryEvent, type HistoryRecord } from './history-record.ts';
import { LogFiles } from './log-files.ts';

export interface BuildHistoryDeps {
  readonly records: Records<HistoryRecord>;
  /** For files of the history alone. */
  readonly folder: string;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** BuildKit's defaults. */
const RECORDS_MAX = 50;
const AGE_MAX_MS = 48 * 3600 * 1000;

/**
 * The builds under way and those that have ended, for `buildx history`. Of those that have ended it keeps the newest, for
 * two days, and pinned ones until they are removed.
 */
export class BuildHistory {
  readonly #deps: BuildHistoryDeps;
  readonly #logs: LogFiles;
  readonly #active = new Map<string, HistoryRecord>();
  /** What decides how long a build that has ended is kept. Records may be large. */
  readonly #ended = new Map<string, Pick<HistoryRecord, 'id' | 'createdAt' | 'isPinned'>>();
  readonly #followers = new HistoryFollowers();
  /** Work on files, one after the other: thousands of builds may end at once. */
  #filing: Promise<void> = Promise.resolve();

  constructor(deps: BuildHistoryDeps) {
    this.#deps = deps;
    this.#logs = new LogFiles(join(deps.folder, 'history'));
    for (const record of deps.records.all()) this.#keep(record);
    this.#trim();
    this.#inTurn(() => this.#logs.keepOnly([...this.#ended.keys()]));
  }

  begin(record: HistoryRecord): void {
    this.#active.set(record.id, record);
    this.#followers.send({ kind: 'started', record });
  }

  /** Keeps a build that has ended, with what it told its client. Never throws: a full disk costs the record. */
  end(record: HistoryRecord, log: AsyncIterable<readonly Progress[]>): void {
    this.#active.delete(record.id);
    try {
      this.#deps.records.put(record.id, record);
      this.#keep(record);
      this.#inTurn(async () => {
        if (this.#ended.has(record.id)) await this.#logs.write(record.id, log);
      });
    } catch (error) {
      this.#failed(error);
    }
    this.#followers.send({ kind: 'completed', record });
    this.#trim();
  }

  /** The progress of a build that has ended. Undefined for unknown builds. */
  log(id: string): AsyncIterable<readonly Progress[]> | undefined {
    return this.#ended.has(id) ? this.#logOf(id) : undefined;
  }

  /** A document that a record refers to by its digest. Undefined for an unknown one. */
  document(digest: string): Buffer | undefined {
    for (const { results, error } of this.#deps.records.all()) {
      const failure = error && errorDocument(error);
      if (failure !== undefined && digestOf(failure) === digest) return failure;
      for (const { statements } of results) {
        const found = statements.find(({ json }) => digestOf(json) === digest);
        if (found !== undefined) return Buffer.from(found.json);
      }
    }
    return undefined;
  }

  /**
   * First the builds under way, then the newest of those that have ended, and what happens from then on, until the signal.
   * `isShort` ends after the first two.
   */
  async *follow(
    request: { readonly id: string; readonly isActiveOnly: boolean; readonly isShort: boolean; readonly limit: number },
    signal: AbortSignal,
  ): AsyncGenerator<HistoryEvent, void, undefined> {
    const { id, isActiveOnly, isShort, limit } = request;
    const isWanted = (record: HistoryRecord): boolean => id === '' || record.id === id;
    using follower = this.#followers.open();
    for (const record of this.#active.values()) if (isWanted(record)) yield { kind: 'started', record };
    if (!isActiveOnly) {
      const ended = this.#deps.records.all().filter(isWanted);
      ended.sort((a, b) => b.createdAt - a.createdAt);
      for (const record of limit > 0 ? ended.slice(0, limit) : ended) yield { kind: 'completed', record };
    }
    if (isShort) return;
    for await (const event of follower.events(signal)) {
      if (isWanted(event.record) && !(isActiveOnly && event.kind === 'deleted')) yield event;
    }
  }

  /** @throws EngineError notFound */
  pin(id: string, isPinned: boolean): void {
    const record = this.#known(id);
    const changed = { ...record, isPinned, generation: record.generation + 1 };
    this.#deps.records.put(id, changed);
    this.#keep(changed);
    this.#followers.send({ kind: 'completed', record: changed });
  }

  /** @throws EngineError notFound */
  remove(id: string): void {
    this.#remove(this.#known(id));
  }

  /** Resolves when no log is being written. */
  async idle(): Promise<void> {
    for (let awaited: Promise<void> | undefined; awaited !== this.#filing; ) {
      awaited = this.#filing;
      await awaited;
    }
  }

  async *#logOf(id: string): AsyncGenerator<readonly Progress[], void, undefined> {
    await this.#filing;
    yield* this.#logs.read(id);
  }

  #known(id: string): HistoryRecord {
    const record = this.#deps.records.get(id);
    if (record === undefined) throw new EngineError('notFound', `no such build record: ${id}`);
    return record;
  }

  #keep({ id, createdAt, isPinned }: HistoryRecord): void {
    this.#ended.set(id, { id, createdAt, isPinned });
  }

  #remove(record: HistoryRecord): void {
    this.#deps.records.delete(record.id);
    this.#ended.delete(record.id);
    this.#inTurn(() => this.#logs.remove(record.id));
    this.#followers.send({ kind: 'deleted', record });
  }

  #trim(): void {
    const oldest = this.#deps.now() - AGE_MAX_MS;
    const ended = [...this.#ended.values()].filter(({ isPinned }) => !isPinned);
    ended.sort((a, b) => b.createdAt - a.createdAt);
    try {
      for (const [at, { id, createdAt }] of ended.entries()) {
        if (at >= RECORDS_MAX || createdAt < oldest) this.#remove(this.#known(id));
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  #inTurn(work: () => Promise<void>): void {
    this.#filing = this.#filing.then(work).catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    this.#deps.logger.warn({ error: messageOf(error) }, 'cannot keep the history of builds');
  }
}
