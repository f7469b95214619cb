import { writeFileSync } from 'node:fs';
import { writeRecord } from '../compose/compose-record.ts';
import { recordRequests } from './run-requests.ts';

/** Makes the record of requests anew, with a real docker compose. Returns the number of projects. */
export async function recordComposeRequests(program: string): Promise<number> {
  const records = await recordRequests(program);
  writeFileSync(new URL('./compose-requests.docker.txt', import.meta.url), writeRecord(records));
  return records.size;
}
