import { createSlots, type Slots } from '../../base/slots.ts';
import { createSharedWork, type SharedWork } from '../transfer/shared-work.ts';
import type { FetchReport } from './fetch-blob.ts';

/** Downloads of the whole engine: pulls that need the same blob share its download. */
export interface Downloads {
  readonly work: SharedWork<FetchReport>;
  readonly slots: Slots;
}

export function createDownloads(maxConcurrent: () => number): Downloads {
  return { work: createSharedWork(), slots: createSlots(maxConcurrent) };
}
