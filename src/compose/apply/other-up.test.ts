import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../base/errors.ts';
import type { Engine } from '../../client/index.ts';
import { LABEL } from '../running/index.ts';
import { adoptContainer } from './other-up.ts';

const PLACE = { name: 'app-web-1', project: 'app', service: 'web', number: 1, configHash: 'abc' };
const FAULT = new EngineError('conflict', 'the name is in use');

test('a container in the same place with the same configuration is taken', async () => {
  const engine = engineWith({ id: 'new', labels: {} });
  assert.deepEqual(await adopt(engine), { id: 'new', isRunning: true });
});

test('one that is replaced or removed is waited for, as is one that has no name yet', async () => {
  const engine = engineWith({ id: 'old', labels: {} }, { id: 'first', labels: {}, status: 'removing' }, undefined, {
    id: 'new',
    labels: {},
  });
  assert.deepEqual(await adopt(engine, 'old'), { id: 'new', isRunning: true });
});

test('another configuration is an error, and a stranger is that of the engine', async () => {
  const text = /^another "up" has made the container app-web-1 at the same time, with another configuration/;
  const other = engineWith({ id: 'new', labels: { [LABEL.configHash]: 'other' } });
  await assert.rejects(adopt(other), (error: Error) => text.test(error.message));
  for (const labels of [{ [LABEL.project]: 'x' }, { [LABEL.service]: 'x' }, { [LABEL.oneOff]: 'True' }])
    await assert.rejects(adopt(engineWith({ id: 'new', labels })), FAULT);
});

async function adopt(engine: Engine, replaced?: string) {
  const { signal } = new AbortController();
  return await adoptContainer({ engine, signal }, PLACE, {
    fault: FAULT,
    ...(replaced === undefined ? {} : { replaced }),
  });
}

interface Answer {
  readonly id: string;
  readonly status?: string;
  /** Over those of the place. */
  readonly labels: Readonly<Record<string, string>>;
}

/** An engine that answers inspections one after the other. Undefined: there is no such container. */
function engineWith(...answers: readonly (Answer | undefined)[]): Engine {
  const left = [...answers];
  const none = async (): Promise<never> => assert.fail('nothing else is asked');
  return {
    ...{ request: none, send: none, hijack: none },
    async json<T>(): Promise<T> {
      const answer = left.shift();
      if (answer === undefined) throw new EngineError('notFound', 'No such container');
      const own = { [LABEL.project]: 'app', [LABEL.service]: 'web', [LABEL.number]: '1', [LABEL.configHash]: 'abc' };
      const details = {
        Id: answer.id,
        State: { Running: true, Status: answer.status ?? 'running' },
        Config: { Labels: { ...own, ...answer.labels } },
      };
      return details as T;
    },
  };
}
