import type { Digest } from '../../base/ids.ts';
import type { RecordKey } from './keys.ts';
import type { StepContext } from './vertex.ts';

/**
 * What earlier builds made. A *record* stands for the result of one output of a step. Several *keys* lead to one record:
 * that of the step's definition, and that of the content which the step read. A record may be known without its result:
 * the result was removed, or the record comes from another machine.
 */
export interface ResultCache<R> {
  /** Opens a lease. What is found, loaded or saved by it is kept until the lease ends. */
  open(): CacheLease<R>;
}

export interface CacheLease<R> extends Disposable {
  /** Returns the id of the record to which a key leads. */
  find(key: Digest): Digest | undefined;
  /** Makes a further key lead to a record. Ignored for a record that is not here. */
  addKey(id: Digest, key: RecordKey): void;
  /** Returns a record's result. Undefined when it is not here. @throws whatever hinders */
  load(id: Digest): Promise<R | undefined>;
  /** Stores a result. A record that exists gets it. From then on the keys lead to this record. @throws whatever hinders; nothing is stored then */
  save(record: NewRecord<R>): Promise<void>;
}

export interface NewRecord<R> {
  readonly id: Digest;
  readonly keys: readonly RecordKey[];
  readonly result: R;
  /** What the step was, for people. */
  readonly description: string;
  /** Ids of the records that the step was made from. */
  readonly parents: readonly Digest[];
}

/** Records of another machine, which one build may use. Nothing of them is here before a result is loaded. */
export interface ImportedResults<R> {
  /** Returns the id of the record to which a key leads. */
  find(key: Digest): Digest | undefined;
  /** Fetches a record's result. Undefined where it has none. @throws whatever hinders: the step runs then */
  load(id: Digest, context: StepContext): Promise<R | undefined>;
}
