import assert from 'node:assert/strict';
import type { TestEngine } from '../support/engine.ts';
import { eventually } from '../support/fixture.ts';
import { powerCut } from '../support/power-cut.ts';
import { supervisorPid } from '../support/resources.ts';
import type { Installation } from './installation.ts';

/** One way in which an engine can end and begin again. */
export interface Way {
  readonly name: string;
  /** Whether the containers' processes survive. Otherwise they end, and restart policies start them again. */
  readonly containersLive: boolean;
  /** Whether connections of clients survive. */
  readonly clientsLive: boolean;
  /** Terminals and the stdin of `-i` live through it. The kernel ends them when no process of the engine holds them any more. */
  readonly inputsLive: boolean;
  /**
   * Whether the exit code and last output of a process that ends meanwhile are known, since a process of the engine
   * collects them.
   */
  readonly endsKnown: boolean;
  end(engine: TestEngine, installed: Installation): Promise<void>;
  begin(engine: TestEngine, installed: Installation): Promise<void>;
}

const LIVES = { containersLive: true, clientsLive: false, inputsLive: true, endsKnown: true };
const start = (engine: TestEngine): Promise<void> => engine.start();

export const WAYS: readonly Way[] = [
  { name: 'SIGTERM', ...LIVES, end: (engine) => stop(engine, 'SIGTERM'), begin: start },
  { name: 'SIGINT', ...LIVES, end: (engine) => stop(engine, 'SIGINT'), begin: start },
  {
    name: 'SIGHUP',
    ...LIVES,
    clientsLive: true,
    async end(engine) {
      process.kill(engine.pid(), 'SIGHUP');
    },
    begin: (engine) => eventually(async () => assert.match(engine.log(), /configuration reloaded/)),
  },
  { name: 'kill -9 of the daemon', ...LIVES, end: (engine) => engine.kill9(), begin: start },
  {
    name: 'kill -9 of the supervisor',
    ...LIVES,
    async end(engine) {
      process.kill(supervisorPid(engine), 'SIGKILL');
    },
    begin: (engine) => eventually(async () => void supervisorPid(engine)),
  },
  {
    name: 'kill -9 of both',
    ...LIVES,
    inputsLive: false,
    endsKnown: false,
    async end(engine) {
      process.kill(supervisorPid(engine), 'SIGKILL');
      await engine.kill9();
    },
    begin: start,
  },
  {
    name: 'upgrade to another build',
    ...LIVES,
    async end(engine, installed) {
      await stop(engine, 'SIGTERM');
      installed.upgrade();
    },
    async begin(engine, installed) {
      await engine.start();
      const { Version } = JSON.parse((await engine.api('GET', '/version')).body) as { readonly Version: string };
      assert.equal(Version, installed.nextVersion);
      // The old supervisor has kept the tasks. That of the next build takes them over.
      const old = supervisorPid(engine);
      process.kill(old, 'SIGKILL');
      await eventually(async () => assert.notEqual(supervisorPid(engine), old));
    },
  },
  {
    name: 'reboot',
    containersLive: false,
    clientsLive: false,
    inputsLive: false,
    endsKnown: false,
    end: powerCut,
    begin: start,
  },
];

async function stop(engine: TestEngine, signal: NodeJS.Signals): Promise<void> {
  assert.equal(await engine.stop(signal), 0, engine.log().slice(-2000));
}
