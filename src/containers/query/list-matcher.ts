import type { Filters } from '../../spec/index.ts';
import type { ContainerRecord } from '../model/record.ts';
import type { ContainerTable } from '../tables/container-table.ts';

/** What filters are matched with and against; `table` finds the containers that `before` and `since` name. */
export interface ListRules {
  /** @throws EngineError invalid for an unknown filter or value; notFound for an unknown container */
  matcher(filters: Filters, table: ContainerTable): Promise<ListMatcher>;
  /** `until` and `label`. @throws EngineError invalid */
  pruneMatcher(filters: Filters): (record: ContainerRecord) => boolean;
  /** How one list names images: as the user did, by their full id when the name is another image's by now, or nobody's. */
  imageNamer(): (record: ContainerRecord) => string;
  /** `Up 3 seconds (Paused)`, `Exited (0) 2 minutes ago`. */
  statusText(record: ContainerRecord, nowNanos: bigint): string;
}

export interface ListMatcher {
  /** A filter that names states shows containers that do not run. */
  readonly showsAll: boolean;
  matches(record: ContainerRecord): boolean;
}
