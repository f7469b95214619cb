import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readCases } from './compose-case.ts';
import { recordCases, writeRecord } from './compose-record.ts';
import { runCase } from './run-case.ts';
import { errorsOf } from './run-errors.ts';

/** Makes the records of `config` anew, with a real docker compose. Returns the number of projects. */
export async function recordCompose(program: string): Promise<number> {
  const cases = readCases();
  write('./compose.docker.txt', await recordCases(cases, program));
  const errors = new Map<string, string>();
  for (const each of cases) {
    const text = errorsOf(await runCase(each));
    if (text !== '') errors.set(each.name, text);
  }
  write('./errors.gantry.txt', errors);
  return cases.length;
}

function write(name: string, records: ReadonlyMap<string, string>): void {
  writeFileSync(fileURLToPath(new URL(name, import.meta.url)), writeRecord(records));
}
