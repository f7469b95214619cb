import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createDescriptorLog, HomeNamespace, trimWhenIdle } from '../linux/index.ts';
import { nameServerSocket, supervisorFolder } from '../spec/index.ts';
import { Control } from './control.ts';
import { type ControlSocket, listenForControl } from './control-socket.ts';
import { NameIndex } from './name-index.ts';
import { openRandomIds } from './random-ids.ts';
import { ResolverFile } from './resolver-file.ts';
import { Sandboxes } from './sandboxes.ts';

const LOOK_MILLISECONDS = 1000;
/** How long the process waits for a client while it has nothing to do. */
const LINGER_MILLISECONDS = 5000;
const SERVER_TIMEOUT_MILLISECONDS = 2000;

/**
 * gantry-names: `--exec-root DIR [--resolv-conf PATH]`. Each engine has one. It answers what containers ask about names
 * and survives its client, the supervisor. It ends on `shutdown`, when it has had neither a client nor a sandbox for
 * some time, and when its socket's path no longer leads to it.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'exec-root': { type: 'string' }, 'resolv-conf': { type: 'string', default: '/etc/resolv.conf' } },
  });
  const execRoot = values['exec-root'];
  if (execRoot === undefined) throw new Error('--exec-root is missing');

  process.umask(0o022);
  mkdirSync(supervisorFolder(execRoot), { recursive: true, mode: 0o700 });
  // Containers ask for names whatever happens to the session or service that started the server.
  for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'] as const) process.on(name, () => {});
  const log = createDescriptorLog(process.stderr.fd);
  const sandboxes = new Sandboxes({
    index: new NameIndex(),
    random: Math.random,
    home: new HomeNamespace(),
    resolver: new ResolverFile(values['resolv-conf']),
    outstanding: { count: 0 },
    randomId: openRandomIds(),
    timeoutMilliseconds: SERVER_TIMEOUT_MILLISECONDS,
  });
  let socket: ControlSocket | undefined;
  const stop = (reason: string): void => {
    log.info({ reason }, 'name server ends');
    socket?.remove();
    // After the answer to the request.
    setImmediate(() => process.exit(0));
  };
  const control = new Control({ sandboxes, log, stop: () => stop('shutdown') });
  socket = await listenForControl({ accept: (client) => control.accept(client), log }, nameServerSocket(execRoot));
  log.info({ pid: process.pid, execRoot }, 'name server listens');

  trimWhenIdle();
  let busyAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    if (control.hasClient || sandboxes.count > 0) busyAt = now;
    if (!socket.isOurs()) stop('its socket is gone');
    else if (now - busyAt >= LINGER_MILLISECONDS) stop('nothing to do');
  }, LOOK_MILLISECONDS);
}

await main();
