/** Reads a json-file log back: 500,000 lines of 100 bytes, framed as for `docker logs`. `node bench/read-logs.ts` */
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { finished } from 'node:stream/promises';
import { readLog } from '../src/containers/logs/read-log.ts';
import type { LogOptions } from '../src/containers/model/requests.ts';

const LINES = 500_000;
const folder = mkdtempSync(join(tmpdir(), 'read-logs-'));
const path = join(folder, 'x-json.log');
try {
  await writeLog();
  const megabytes = statSync(path).size / 1e6;
  console.log(`${LINES} lines, ${megabytes.toFixed(0)} MB`);
  const all = { stdout: true, stderr: true, follow: false, timestamps: false, details: false, tail: -1 };
  await measure('all', { ...all, since: undefined, until: undefined });
  await measure('timestamps', { ...all, timestamps: true, since: undefined, until: undefined });
  await measure('since the middle', {
    ...all,
    since: 1_700_000_000_000_000_000n + BigInt(LINES / 2) * 1000n,
    until: undefined,
  });
  await measure('tail 10', { ...all, tail: 10, since: undefined, until: undefined });
} finally {
  rmSync(folder, { recursive: true });
}

async function writeLog(): Promise<void> {
  const out = createWriteStream(path);
  for (let i = 0; i < LINES; i += 1000) {
    let block = '';
    for (let j = i; j < i + 1000; j += 1) {
      const time = `2023-11-14T22:13:20.${String(j * 1000).padStart(9, '0')}Z`;
      block += `{"log":"line ${j} ${'x'.repeat(80)} \\"quoted\\"\\n","stream":"stdout","time":"${time}"}\n`;
    }
    if (!out.write(block)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
}

async function measure(name: string, options: LogOptions): Promise<void> {
  const times: number[] = [];
  let bytes = 0;
  for (let run = 0; run < 5; run += 1) {
    const before = performance.now();
    bytes = 0;
    const stream = readLog({ path, tty: false, ended: undefined }, options, new AbortController().signal);
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  const memory = process.memoryUsage().rss / 1e6;
  console.log(
    `${name.padEnd(20)} ${(times[2] ?? 0).toFixed(1)} ms, ${(bytes / 1e6).toFixed(1)} MB out, rss ${memory.toFixed(0)} MB`,
  );
}
