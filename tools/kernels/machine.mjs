import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';

/** A machine that is not done by then hangs. */
const LIMIT_MINUTES = 30;
const MEGABYTES = 4096;

/**
 * Runs a job in a virtual machine with `kernel` until it turns itself off; its console is in the job's results. Answers whether all tests
 * passed, and a sentence about it. Ends the machine when time runs out or `signal` aborts.
 *
 * It has no network: what tests publish, nobody else reaches.
 */
export async function runMachine({ kernel, initramfs, job, accelerator }, signal) {
  const args = [
    ...['-accel', accelerator, '-cpu', 'max', '-M', 'q35', '-smp', '2', '-m', String(MEGABYTES)],
    ...['-kernel', kernel.image, '-initrd', initramfs, '-append', 'console=ttyS0 quiet panic=-1 norandmaps'],
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-serial', `file:${join(job.folder, 'results', 'console')}`],
    ...share('root', '/', true),
    ...share('modules', join(kernel.folder, 'lib', 'modules', kernel.release), true),
    ...share('job', job.folder, false),
  ];
  const machine = spawn('qemu-system-x86_64', args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LIMIT_MINUTES * 60_000,
    signal,
    killSignal: 'SIGKILL',
  });
  // An emulated machine takes all the processor it gets.
  if (machine.pid !== undefined) setPriority(machine.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  let complaints = '';
  machine.stderr.setEncoding('utf8').on('data', (text) => (complaints += text));
  // An abort is told as an error too.
  machine.on('error', (error) => (complaints += error.message));
  await new Promise((resolve) => machine.on('close', resolve));

  const code = job.result('code')?.trim();
  const count = (what) => new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(job.result('tests') ?? '')?.[1] ?? 'no';
  const counts = `${count('pass')} of ${count('tests')} tests passed`;
  if (signal.aborted) return { ok: false, summary: 'stopped' };
  if (machine.killed) return { ok: false, summary: `not done after ${LIMIT_MINUTES} minutes, ${counts}` };
  if (code === undefined) return { ok: false, summary: `the machine ended without a verdict. ${complaints.trim()}` };
  return { ok: code === '0', summary: counts };
}

/** A folder of this machine that the other mounts by `tag`. A comma is doubled in options of qemu. */
function share(tag, path, readOnly) {
  const options = ['local', `path=${path.replaceAll(',', ',,')}`, `mount_tag=${tag}`, 'security_model=none'];
  return ['-virtfs', [...options, 'multidevs=remap', ...(readOnly ? ['readonly=on'] : [])].join(',')];
}
