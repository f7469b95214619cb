// The reporter of `npm test`: node:test's spec, and one line for each skipped test in the file that
// GANTRY_SKIPPED_TESTS names.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { Readable } from 'node:stream';
import { spec } from 'node:test/reporters';
import { root } from './node.mjs';

// biome-ignore lint/style/noDefaultExport: node:test loads a reporter by its default export.
export default async function* testReport(events) {
  yield* Readable.from(noting(events)).compose(spec);
}

async function* noting(events) {
  for await (const event of events) {
    const { type, data } = event;
    if ((type === 'test:pass' || type === 'test:fail') && data.skip) {
      const reason = data.skip === true ? '' : `: ${data.skip}`;
      appendFileSync(
        process.env.GANTRY_SKIPPED_TESTS,
        `  - ${relative(root, data.file ?? '')}: ${data.name}${reason}\n`,
      );
    }
    yield event;
  }
}
