import { createHash } from 'node:crypto';
import type { Digest } from '../../../../base/ids.ts';
import type { Records } from '../../../../base/records.ts';
import type { HttpWish } from './http-wish.ts';

/** What a server had under an address. A later request asks whether it is still so. */
export interface HttpRecord {
  readonly key: string;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly digest: Digest;
  readonly filename: string;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
}

const RECORDS_MAX = 500;

/** The key of a request. Undefined where its answer is only for one client. */
export function recordKey({ url, headers, authorizationSecret }: HttpWish): string | undefined {
  if (authorizationSecret !== undefined) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([url, headers]))
    .digest('hex');
}

/** Conditions for a request: the server answers briefly when nothing has changed. */
export function conditionsOf(record: HttpRecord | undefined): Readonly<Record<string, string>> {
  if (record?.etag !== undefined) return { 'if-none-match': record.etag };
  return record?.lastModified === undefined ? {} : { 'if-modified-since': record.lastModified };
}

/** Stores a record that a condition can be made of, and forgets the oldest. */
export function storeRecord(records: Records<HttpRecord>, record: HttpRecord): void {
  if (record.etag === undefined && record.lastModified === undefined) return;
  records.put(record.key, record);
  const all = records.all();
  if (all.length <= RECORDS_MAX) return;
  for (const { key } of all.toSorted((a, b) => a.usedAt - b.usedAt).slice(0, all.length - RECORDS_MAX)) {
    records.delete(key);
  }
}
