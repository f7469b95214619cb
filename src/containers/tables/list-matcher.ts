import type { Filters } from '../../spec/index.ts';
import type { ContainerRecord } from '../model/record.ts';
import type { ContainerTable } from './container-table.ts';

/** The rules of a list. `table` finds the containers that the filters `before` and `since` name. */
export interface ListRules {
  /** @throws EngineError invalid for an unknown filter or value; notFound for an unknown container */
  matcher(filters: Filters, table: ContainerTable): Promise<ListMatcher>;
  /** Takes the filters `until` and `label`. @throws EngineError invalid */
  pruneMatcher(filters: Filters): (record: ContainerRecord) => boolean;
  /**
   * Returns a function that names the images of one list: as the user named them, or by their full id when that name
   * has moved to another image or no longer exists.
   */
  imageNamer(): (record: ContainerRecord) => string;
  /** `Up 3 seconds (Paused)`, `Exited (0) 2 minutes ago`. */
  statusText(record: ContainerRecord, nowNanos: bigint): string;
}

export interface ListMatcher {
  /** Whether the list includes containers that do not run, because a filter names states. */
  readonly showsAll: boolean;
  matches(record: ContainerRecord): boolean;
}
