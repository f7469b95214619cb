// `node bench/soak.ts [CYCLES]`, default 10,000: creates, starts, waits for and removes containers through the API,
// eight at a time, each with a published port. Prints leaks on the host (none) and the memory of both processes.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { apiCall, startEngine } from '../test/support/engine.ts';
import { loadBusybox } from '../test/support/fixture.ts';
import { idleResources, processesOf } from '../test/support/resources.ts';
import { atOnce } from './measure.ts';

const cycles = Number(process.argv[2] ?? 10_000);
await using engine = await startEngine();
await loadBusybox(engine);

async function call(method: string, path: string, body: unknown, status: number): Promise<string> {
  const answer = await apiCall(engine.socketPath, method, path, body);
  if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  return answer.body;
}

async function cycle(): Promise<void> {
  const body = { Image: 'busybox', Cmd: ['true'], HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '' }] } } };
  const { Id } = JSON.parse(await call('POST', '/containers/create', body, 201)) as { readonly Id: string };
  const ended = call('POST', `/containers/${Id}/wait?condition=next-exit`, undefined, 200);
  await call('POST', `/containers/${Id}/start`, undefined, 204);
  await ended;
  await call('DELETE', `/containers/${Id}?v=1`, undefined, 204);
}

/** Megabytes of each process, counting its share of shared pages: the daemon first, then the supervisor. */
function memory(): string {
  return processesOf(engine)
    .flatMap((pid) => {
      try {
        const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
        return Number(pss) > 5000 ? [(Number(pss) / 1000).toFixed(1)] : [];
      } catch {
        return []; // A runtime process that has just ended.
      }
    })
    .join(' + ');
}

await atOnce(200, 8, cycle);
const before = await idleResources(engine);
console.log(`after 200 cycles: ${memory()} MB`);
const from = performance.now();
for (let done = 0; done < cycles; done += cycles / 10) {
  await atOnce(cycles / 10, 8, cycle);
  console.log(`after ${200 + done + cycles / 10} cycles: ${memory()} MB`);
}
const seconds = (performance.now() - from) / 1000;
const after = await idleResources(engine);
const leaked = Object.keys(after).filter((kind) => after[kind] !== before[kind]);
console.log(
  `${cycles} cycles in ${seconds.toFixed(0)} s, ${(cycles / seconds).toFixed(0)} per second; at rest ${memory()} MB`,
);
console.log(
  leaked.length === 0
    ? `nothing is left: ${JSON.stringify(after)}`
    : `LEFT: ${leaked.map((kind) => `${kind} ${before[kind]} → ${after[kind]}`).join(', ')}`,
);
process.exitCode = leaked.length === 0 ? 0 : 1;
