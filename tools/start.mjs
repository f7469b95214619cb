// `npm start [-- FLAGS]`: runs the engine in the foreground.
import { spawn } from 'node:child_process';
import { root } from './node.mjs';
import { obstacles, setUp } from './setup.mjs';

setUp();
const inTheWay = obstacles();
if (inTheWay.length > 0) {
  console.error(`gantryd cannot run here:\n${inTheWay.map((line) => `  - ${line}`).join('\n')}`);
  process.exit(1);
}
const daemon = spawn(`${root}/bin/gantryd`, process.argv.slice(2), { stdio: 'inherit' });
// A terminal's Ctrl-C reaches the whole process group; a service manager's TERM reaches only this process. Either way
// the engine ends first.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => daemon.kill('SIGTERM'));
daemon.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
