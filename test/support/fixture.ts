import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { busyboxArchive } from './busybox-image.ts';
import { command } from './command.ts';
import { type EngineOptions, startEngine, type TestEngine } from './engine.ts';
import { PATIENCE } from './patience.ts';
import { send } from './send.ts';

export type Cli = 'docker' | 'gantry';

/** Both command lines, so that each behaviour is proved with Docker's own client and with ours. */
export const CLIS: readonly Cli[] = (await hasDocker()) ? ['docker', 'gantry'] : ['gantry'];

async function hasDocker(): Promise<boolean> {
  try {
    return (await command('docker', ['--version'])).code === 0;
  } catch {
    console.log('NOTE: no docker CLI on this machine: the system tests run with gantry alone');
    return false;
  }
}

/** One engine with busybox:latest for all tests of a file; removed and checked for leaks after the last. */
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

/** Loads busybox:latest by the API, which needs no command line. */
export async function loadBusybox(engine: TestEngine): Promise<void> {
  const answer = await send(engine.socketPath, 'POST', '/images/load?quiet=1', await busyboxArchive());
  assert.ok(answer?.status === 200 && !answer.body.includes('"error"'), answer?.body ?? engine.log().slice(-2000));
}

/** A name that no other test of this process uses. */
export function unique(prefix: string): string {
  counter += 1;
  return `${prefix}-${process.pid}-${counter}`;
}
let counter = 0;

/** Tries until `attempt` answers without throwing, for what becomes true a little later. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 100 * PATIENCE; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
