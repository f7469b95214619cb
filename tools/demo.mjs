// `npm run demo`: sets up the project, starts the engine unless it runs, makes a busybox image from the machine's own
// static busybox, and shows the engine's features. The engine keeps running for the user.
// `npm run demo -- --stop`: stops the engine that the demo started.
// The other options are those of gantryd, and `--log`: with them the demo's engine runs beside another one.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxArchive } from './busybox-image.mjs';
import { root } from './node.mjs';
import { obstacles, setUp } from './setup.mjs';

const options = parsedOptions();
const EXEC_ROOT = resolve(options['exec-root'] ?? '/run/gantry');
const SOCKET = `${EXEC_ROOT}/gantry.sock`;
const PID_FILE = `${EXEC_ROOT}/gantryd.pid`;
const DATA_ROOT = resolve(options['data-root'] ?? '/var/lib/gantry');
const LOG = resolve(options.log ?? '/var/log/gantryd.log');
const HOST = `unix://${SOCKET}`;
/** The demo's command that stops this engine. */
const STOP = ['npm run demo -- --stop', ...(options['exec-root'] ? ['--exec-root', EXEC_ROOT] : [])].join(' ');
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const paint = process.stdout.isTTY ? (code, text) => `\x1b[${code}m${text}\x1b[0m` : (_code, text) => text;

if (options.stop) {
  await stopEngine();
  process.exit();
}
setUp();
const inTheWay = obstacles();
if (inTheWay.length > 0) {
  console.error(`Containers cannot run here yet:\n${inTheWay.map((line) => `  - ${line}`).join('\n')}`);
  process.exit(1);
}
const env = { ...process.env, DOCKER_HOST: HOST };
const created = [];

function parsedOptions() {
  const text = { type: 'string' };
  const known = { stop: { type: 'boolean' }, 'data-root': text, 'exec-root': text, 'bridge-name': text, bip: text };
  try {
    return parseArgs({ options: { ...known, log: text } }).values;
  } catch (error) {
    console.error(error.message);
    console.error(
      'Usage: npm run demo [-- [--stop] [--data-root DIR] [--exec-root DIR] [--bridge-name NAME] [--bip SUBNET] [--log FILE]]',
    );
    return process.exit(1);
  }
}

/** Prints a command and runs it as a user would type it. Ends the demo when it fails. */
function show(title, args, { quiet = false } = {}) {
  if (title) console.log(`\n${paint('1;36', title)}`);
  if (!quiet)
    console.log(
      paint('2', `$ gantry ${args.map((word) => (/[^\w./:=,@%+-]/.test(word) ? `'${word}'` : word)).join(' ')}`),
    );
  const result = spawnSync(join(root, 'bin/gantry'), args, { env, encoding: 'utf8' });
  if (result.status !== 0) {
    console.error(result.stderr || result.stdout);
    throw new Error(`gantry ${args[0]} ended with ${result.status}`);
  }
  if (!quiet) process.stdout.write(result.stdout);
  return result.stdout.trim();
}

const answers = () => spawnSync(join(root, 'bin/gantry'), ['version'], { env, stdio: 'ignore' }).status === 0;

async function startEngine() {
  if (existsSync(SOCKET) && answers()) return 'was running already';
  mkdirSync(EXEC_ROOT, { recursive: true });
  const log = openSync(LOG, 'a');
  const given = ['data-root', 'exec-root', 'bridge-name', 'bip'].filter((name) => options[name] !== undefined);
  const flags = given.flatMap((name) => [`--${name}`, options[name]]);
  const daemon = spawn(join(root, 'bin/gantryd'), ['--host', HOST, '--pidfile', PID_FILE, ...flags], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  daemon.unref();
  for (let attempt = 0; attempt < 200; attempt++) {
    if (existsSync(SOCKET) && answers()) return 'started';
    if (daemon.exitCode !== null) break;
    await pause(50);
  }
  throw new Error(`gantryd did not come up; the end of ${LOG}:\n${readFileSync(LOG, 'utf8').slice(-2000)}`);
}

async function stopEngine() {
  const pid = existsSync(PID_FILE) ? Number(readFileSync(PID_FILE, 'utf8')) : 0;
  if (pid === 0 || !existsSync(`/proc/${pid}`)) {
    console.log('No engine of the demo is running.');
    return;
  }
  const running = runningContainers();
  process.kill(pid, 'SIGTERM');
  for (let attempt = 0; attempt < 400 && existsSync(PID_FILE); attempt++) await pause(50);
  if (existsSync(PID_FILE)) {
    console.error(`The engine (process ${pid}) has not stopped yet.`);
    process.exitCode = 1;
  } else {
    console.log(`The engine has stopped. Its images and volumes stay in ${DATA_ROOT}.`);
    if (running > 0)
      console.log(`Containers that keep running: ${running}. Start the engine again to stop or remove them.`);
  }
}

/** Containers survive the end of their engine. */
function runningContainers() {
  const env = { ...process.env, DOCKER_HOST: HOST };
  const { stdout } = spawnSync(join(root, 'bin/gantry'), ['ps', '-q'], { env, encoding: 'utf8' });
  return stdout.split('\n').filter((id) => id !== '').length;
}

function makeImage() {
  if (
    spawnSync(join(root, 'bin/gantry'), ['image', 'inspect', 'busybox:latest'], { env, stdio: 'ignore' }).status === 0
  )
    return;
  const archive = join(EXEC_ROOT, 'busybox.tar');
  try {
    writeFileSync(archive, busyboxArchive());
    show('An image from this machine’s own static busybox', ['load', '-i', archive]);
  } finally {
    rmSync(archive, { force: true });
  }
}

/** Downloads the page. The container's server may need a moment to listen. */
async function page(url) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (attempt === 50) throw error;
      await pause(50);
    }
  }
}

try {
  console.log(`${paint('1;36', `The engine ${await startEngine()}`)} (${HOST})`);
  makeImage();
  show('A container that says hello', ['run', '--rm', 'busybox', 'echo', 'hello from a container']);
  spawnSync(join(root, 'bin/gantry'), ['rm', '-f', 'demo-web'], { env, stdio: 'ignore' });
  const server =
    'mkdir /www && echo "<h1>It works</h1>" >/www/index.html && echo serving && exec httpd -f -v -p 80 -h /www';
  created.push('demo-web');
  show('A web server with a published port', [
    'run',
    '-d',
    '--name',
    'demo-web',
    '-p',
    '127.0.0.1::80',
    'busybox',
    'sh',
    '-c',
    server,
  ]);
  const address = show('', ['port', 'demo-web', '80/tcp'], { quiet: true }).split('\n')[0];
  console.log(paint('2', `$ curl http://${address}/`));
  process.stdout.write(await page(`http://${address}/`));
  show('A command inside it', ['exec', 'demo-web', 'sh', '-c', 'hostname; ip -4 addr show eth0 | grep inet']);
  show('What runs', ['ps']);
  show('What it printed', ['logs', 'demo-web']);
  show('What it uses', ['stats', '--no-stream', 'demo-web']);
  show('Stop and remove', ['stop', '-t', '1', 'demo-web']);
  show('', ['rm', 'demo-web']);
  created.pop();
} catch (error) {
  console.error(paint('1;31', `\nThe demo stopped: ${error.message}`));
  for (const name of created) spawnSync(join(root, 'bin/gantry'), ['rm', '-f', name], { env, stdio: 'ignore' });
  process.exitCode = 1;
}

if (process.exitCode !== 1) {
  console.log(`
${paint('1;32', 'The engine keeps running.')} Use it with any Docker client, or with ours:

  export DOCKER_HOST=${HOST}
  export PATH=${join(root, 'bin')}:$PATH
  gantry run -it --rm busybox sh

Stop it with: ${STOP}    In the foreground next time: npm start`);
}
