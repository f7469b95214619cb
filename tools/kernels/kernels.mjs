// `npm run test:kernels [-- --only PART] [--kvm] [FILE…]`: system tests of the engine in virtual machines, each with
// another kernel or cgroup arrangement than this machine. The README.md beside this file describes them and their
// requirements. Node 18 code.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../node.mjs';
import { obstacles, setUp } from '../setup.mjs';
import { initramfs } from './initramfs.mjs';
import { newJob } from './job.mjs';
import { arrangementsOf, kernels } from './kernel-packages.mjs';
import { runMachine } from './machine.mjs';

/**
 * The default test files of each machine: they depend on cgroups, firewall and processes, with all kinds of kills, and on
 * kinds of links and sockets that this machine's kernel may lack.
 */
const FILES = [
  ...['cgroups', 'network', 'restore'].map((name) => `test/e2e/${name}.test.ts`),
  'src/network/parent-kinds.test.ts',
  'src/network/sctp.test.ts',
];

const { values: flags, positionals } = parseArgs({
  options: { only: { type: 'string', default: '' }, kvm: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const inTheWay = obstacles();
if (process.arch !== 'x64') inTheWay.push('the machines are of x64, this one is not');
if (inTheWay.length > 0) {
  console.error(`No machine can be started here:\n${inTheWay.map((line) => `  - ${line}`).join('\n')}`);
  process.exit(1);
}
setUp({ tests: true, machines: true });

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopped.abort());
const failed = [];
let run = 0;
for (const kernel of kernels(join(root, '.cache', 'kernels'))) {
  for (const { cgroups, leftOut } of arrangementsOf(kernel)) {
    const name = `Linux ${kernel.release}, cgroup ${cgroups}`;
    if (!name.includes(flags.only) || stopped.signal.aborted) continue;
    if (leftOut === undefined) await test(name, kernel, cgroups);
    else console.log(`--   ${name}: left out, ${leftOut}`);
  }
}
if (failed.length > 0) console.log(`\nFailed: ${failed.join('; ')}`);
if (run === 0) console.log(`No machine is named like '${flags.only}'`);
process.exitCode = stopped.signal.aborted ? 130 : failed.length > 0 || run === 0 ? 1 : 0;

async function test(name, kernel, cgroups) {
  run += 1;
  console.log(`     ${name} …`);
  const started = Date.now();
  const job = newJob({ cgroups, files: positionals.length > 0 ? positionals : FILES });
  try {
    const accelerator = flags.kvm ? 'kvm' : 'tcg';
    const { ok, summary } = await runMachine(
      { kernel, initramfs: initramfs(kernel, job.folder), job, accelerator },
      stopped.signal,
    );
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}: ${summary} (${Math.round((Date.now() - started) / 1000)} s)`);
    if (ok) return;
    failed.push(name);
    if (stopped.signal.aborted) return;
    for (const log of ['console', 'tests']) console.log(`\n--- ${name}: ${log} ---\n${job.result(log) ?? 'nothing'}`);
  } finally {
    job.remove();
  }
}
