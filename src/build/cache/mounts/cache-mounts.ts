import type { ItemStore } from '../items.ts';

/**
 * The folders of cache mounts. A folder belongs to the id that the Dockerfile gives, and to the content that it began
 * with: a mount that begins with other content gets another folder.
 */
export interface CacheMounts extends ItemStore {
  /**
   * Takes a folder for a step, until the result is disposed. A new one gets the initial content.
   * @throws EngineError noSpace, notFound, cancelled
   */
  take(request: TakeMount, signal: AbortSignal): Promise<HeldMount>;
  /** Takes the folder of an id that began with nothing, beside those who have it. Undefined where there is none. */
  share(id: string): HeldMount | undefined;
  /**
   * Offers content for an id, until the result is disposed: a step that finds no folder, or an empty one, begins with it. An
   * offer that fails is left.
   */
  offer(id: string, fill: FillMount): Disposable;
}

/** Writes content into an empty folder. @throws whatever hinders */
export type FillMount = (folder: string, signal: AbortSignal) => Promise<void>;

export interface TakeMount {
  readonly id: string;
  /** `shared`: with others at the same time. `private`: another folder while others have it. `locked`: after the others. */
  readonly sharing: 'shared' | 'private' | 'locked';
  /** What a new folder begins with. Default: nothing, with mode 0755. */
  readonly initial?: MountContent | undefined;
  /** For people. */
  readonly description: string;
}

export interface MountContent {
  /** Says that the content is the same. */
  readonly sum: string;
  /** A directory on the host, whose owner and mode are taken too. */
  readonly path: string;
}

export interface HeldMount extends AsyncDisposable {
  readonly path: string;
}

/** A folder, in the table `build_mounts`. */
export interface MountRecord {
  /** Name of the folder. */
  readonly name: string;
  readonly id: string;
  /** Sum of the initial content. '' for none. */
  readonly initial: string;
  readonly description: string;
  /** Times are milliseconds since the epoch. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly useCount: number;
}
