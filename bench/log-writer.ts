/**
 * Lines per second of the json-file log writer: writes 2,000,000 lines, in chunks as from a pipe, to a file. `node
 * bench/log-writer.ts`
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { TaskLog } from '../src/supervisor/logs/task-log.ts';

const LINES = 2_000_000;
const CHUNK_BYTES = 64 * 1024;

const samples = {
  'short lines (seq)': (i: number) => `${i}\n`,
  'web server lines (95 bytes)': (i: number) =>
    `10.0.${i % 256}.7 - - [21/Nov/2026:01:23:45 +0000] "GET /path/${i} HTTP/1.1" 200 1234 "-" "curl/8"\n`,
  'plain lines (95 bytes)': (i: number) => `${String(i).padStart(10, '0')} ${'x'.repeat(84)}\n`,
};

for (const [name, line] of Object.entries(samples)) {
  const folder = mkdtempSync(join(tmpdir(), 'log-bench-'));
  const path = join(folder, 'x.log');
  const block = Buffer.from(Array.from({ length: LINES / 10 }, (_, i) => line(i)).join(''));
  const log = new TaskLog(
    { driver: 'json-file', path, maxSizeBytes: 0, maxFiles: 1, compress: false },
    { onDrain: () => resume?.(), onError: (error) => console.error(error) },
  );
  let resume: (() => void) | undefined;
  const before = performance.now();
  for (let round = 0; round < 10; round++) {
    for (let at = 0; at < block.length; at += CHUNK_BYTES) {
      log.write('stdout', block.subarray(at, at + CHUNK_BYTES));
      // Waits as the reader does when the disk is slow, and lets the loop turn.
      if (log.congested) await new Promise<void>((resolve) => (resume = resolve));
    }
  }
  const encoded = performance.now();
  await log.close();
  const done = performance.now();
  const rate = (LINES / (done - before)) * 1000;
  console.log(
    `${name.padEnd(30)} ${(rate / 1e6).toFixed(2)} M lines/s, ${(statSync(path).size / 1e6).toFixed(0)} MB, last flush ${(done - encoded).toFixed(0)} ms`,
  );
  rmSync(folder, { recursive: true });
}
