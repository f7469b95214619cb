// In a test machine: runs the job's test files and checks that they leave the machine unchanged. The exit code is 0
// when everything passed.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** An emulated processor is some ten times slower than a real one. */
const env = { ...process.env, GANTRY_TEST_TIMEOUT_FACTOR: '10' };
const files = readFileSync('/job/files', 'utf8').trim().split('\n');

console.log(readFileSync('/proc/version', 'utf8').trim());
console.log(`cgroup ${readFileSync('/job/cgroups', 'utf8').trim()}: ${lines('/proc/self/cgroup').join(' ')}`);
const before = traces();
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=1', '--test-timeout=1200000', '--test-reporter=spec', ...files],
  { stdio: 'inherit', env },
);
let left = difference();
for (let attempt = 0; attempt < 20 && left.length > 0; attempt++) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  left = difference();
}
if (left.length > 0) console.log(`\nLeft in the machine:\n${left.map((line) => `  ${line}`).join('\n')}`);
process.exitCode = status === 0 && left.length === 0 ? 0 : 1;

function difference() {
  return [...traces()].filter((trace) => !before.has(trace));
}

/** Everything that an engine makes outside its folders. */
function traces() {
  const printed = (command, ...args) =>
    spawnSync(command, args, { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  return new Set([
    ...lines('/proc/self/mountinfo').map((line) => `mount ${line.split(' ').slice(3, 5).join(' at ')}`),
    ...printed('ip', '-o', 'link').map((line) => `link ${line.split(' ')[1]}`),
    ...printed('ip', 'netns').map((line) => `network namespace ${line}`),
    ...printed('nft', 'list', 'tables').map((line) => `firewall ${line}`),
    ...readdirSync('/sys/fs/cgroup', { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `cgroup ${entry.parentPath}/${entry.name}`),
    ...readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map((pid) => [pid, commandLine(pid)])
      // Kernel threads have none, nor have children that have just ended.
      .filter(([, args]) => args !== '')
      .map(([pid, args]) => `process ${pid} ${args}`),
    ...readdirSync(process.env.TMPDIR ?? '/tmp').map((name) => `temporary file ${name}`),
  ]);
}

function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function lines(path) {
  return readFileSync(path, 'utf8').split('\n').filter(Boolean);
}
