// The reporter of `npm test`: node:test's spec. It adds one line for each skipped test to the file that
// GANTRY_SKIPPED_TESTS names, the path of each test file that failed to that of GANTRY_FAILED_FILES, and that of each
// that ran to its end to that of GANTRY_ENDED_FILES.
import { appendFileSync, existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
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
    // A file that ended without a summary is a failed test with the file's path as its name.
    const isFailedFile = type === 'test:summary' ? data.success === false : type === 'test:fail' && data.nesting === 0;
    const file = type === 'test:summary' ? data.file : resolve(root, data.name ?? '');
    if (isFailedFile && file !== undefined && existsSync(file)) {
      appendFileSync(process.env.GANTRY_FAILED_FILES, `${file}\n`);
    }
    if (type === 'test:summary' && data.file !== undefined) {
      appendFileSync(process.env.GANTRY_ENDED_FILES, `${data.file}\n`);
    }
    yield event;
  }
}
