import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

/** Prints how the heap grew by garbage, and what of it is kept, in bytes. */
const SCRIPT = `
  import { collectGarbage } from ${JSON.stringify(new URL('./collect-garbage.ts', import.meta.url).href)};
  collectGarbage();
  const before = process.memoryUsage().heapTotal;
  let garbage = Array.from({ length: 500_000 }, (_, at) => ({ at, text: [at] }));
  const grown = process.memoryUsage().heapTotal - before;
  garbage = undefined;
  collectGarbage();
  console.log(JSON.stringify({ grown, kept: process.memoryUsage().heapTotal - before }));
`;

for (const [processes, size] of [
  ['the supervisor and the name server have', 1],
  ['the daemon has', 2],
] as const) {
  test(`pages of the heap that held garbage go back to the system, with the young generation that ${processes}`, () => {
    const args = [
      `--max-semi-space-size=${size}`,
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
    ];
    const printed = execFileSync(process.execPath, [...args, SCRIPT], { encoding: 'utf8' });
    const { grown, kept } = JSON.parse(printed) as { readonly grown: number; readonly kept: number };
    assert.ok(grown > 20e6, printed);
    assert.ok(kept < 10e6, printed);
  });
}
