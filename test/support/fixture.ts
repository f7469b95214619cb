import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { busyboxArchive } from './busybox-image.ts';
import { command } from './command.ts';
import { type EngineOptions, startEngine, type TestEngine } from './engine.ts';
import { send } from './send.ts';
import { TIMEOUT_FACTOR } from './timeout-factor.ts';

export type Cli = 'docker' | 'gantry';

/** Both command lines, so that each behaviour is tested with Docker's own client and with ours. */
export const CLIS: readonly Cli[] = (await hasDocker()) ? ['docker', 'gantry'] : ['gantry'];

async function hasDocker(): Promise<boolean> {
  try {
    return (await command('docker', ['--version'])).code === 0;
  } catch {
    console.log('NOTE: no docker CLI on this machine: the system tests run with gantry alone');
    return false;
  }
}

/** One engine with busybox:latest for all tests of a file. It is removed, and checked for leaks, after the last. */
export function useEngine(options: EngineOptions = {}): () => TestEngine {
  let engine: TestEngine | undefined;
  before(async () => {
    engine = await startEngine(options);
    await loadBusybox(engine);
  });
  after(async () => {
    await engine?.[Symbol.asyncDispose]();
  });
  return () => {
    assert.ok(engine !== undefined, 'the engine is up');
    return engine;
  };
}

/** Loads busybox:latest through the API, which needs no command line. */
export async function loadBusybox(engine: TestEngine): Promise<void> {
  const answer = await send(engine.socketPath, 'POST', '/images/load?quiet=1', await busyboxArchive());
  assert.ok(answer?.status === 200 && !answer.body.includes('"error"'), answer?.body ?? engine.log().slice(-2000));
}

/** Returns a name that no other test of this process uses. */
export function unique(prefix: string): string {
  counter += 1;
  return `${prefix}-${process.pid}-${counter}`;
}
let counter = 0;

/** Repeats `attempt` until it does not throw, for conditions that become true a little later: ten times a second, for ten seconds by default. */
export async function eventually<T>(attempt: () => Promise<T>, attempts = 100): Promise<T> {
  for (let left = attempts * TIMEOUT_FACTOR; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
