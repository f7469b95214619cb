import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';

/** A machine that has not finished by then hangs. */
const LIMIT_MINUTES = 60;
const MEGABYTES = 4096;
const KERNEL_OPTIONS = [
  'console=ttyS0',
  'quiet',
  // A panic ends the machine, and so does a processor that is stuck for two minutes.
  'panic=-1',
  'softlockup_panic=1',
  'watchdog_thresh=60',
  // The check fails when this machine is busy at that moment, and leaves the first processor without a clock.
  'no_timer_check',
  // With the same addresses as last time, a program need not be translated again for the emulated processor.
  'norandmaps',
].join(' ');

/**
 * Runs a job in a virtual machine with `kernel` until the machine turns itself off. Its console is in the job's
 * results. Returns whether all tests passed, and a sentence about it. Ends the machine after a timeout or when `signal`
 * aborts.
 *
 * The machine has no network: nobody else reaches ports that tests publish.
 */
export async function runMachine({ kernel, initramfs, job, accelerator }, signal) {
  const args = [
    ...['-accel', accelerator, '-cpu', 'max', '-M', 'q35', '-smp', '2', '-m', String(MEGABYTES)],
    ...['-kernel', kernel.image, '-initrd', initramfs, '-append', KERNEL_OPTIONS],
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
  // An emulated machine takes all the processor time that it gets.
  if (machine.pid !== undefined) setPriority(machine.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  let complaints = '';
  machine.stderr.setEncoding('utf8').on('data', (text) => (complaints += text));
  // An abort is reported as an error too.
  machine.on('error', (error) => (complaints += error.message));
  await new Promise((resolve) => machine.on('close', resolve));

  const code = job.result('code')?.trim();
  const printed = job.result('tests') ?? '';
  const passed = `${printed.match(/^✔ /gm)?.length ?? 0} of ${/^ℹ tests (\d+)$/m.exec(printed)?.[1] ?? 'all'} tests passed`;
  const summary = (problem) => ({ ok: false, summary: `${problem}; ${passed}` });
  if (signal.aborted) return summary('stopped');
  if (machine.killed) return summary(`not done after ${LIMIT_MINUTES} minutes`);
  if (code === undefined) return summary(`the machine ended without a verdict: ${complaints.trim()}`);
  if (printed.includes('\nLeft in the machine:')) return summary('not everything was given back');
  return { ok: code === '0', summary: passed };
}

/** A folder of this machine that the virtual one mounts by `tag`. A comma is doubled in options of qemu. */
function share(tag, path, readOnly) {
  const options = ['local', `path=${path.replaceAll(',', ',,')}`, `mount_tag=${tag}`, 'security_model=none'];
  return ['-virtfs', [...options, 'multidevs=remap', ...(readOnly ? ['readonly=on'] : [])].join(',')];
}
