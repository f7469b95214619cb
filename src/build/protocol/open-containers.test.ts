import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code } from '../../grpc/index.ts';
import type { BuildContainer } from '../build-container.ts';
import { OpenContainers } from './open-containers.ts';

/** Containers that count how many of them are open. */
function counted() {
  let count = 0;
  return {
    count: () => count,
    async open(): Promise<BuildContainer> {
      count += 1;
      const close = async (): Promise<void> => {
        count -= 1;
      };
      return { start: () => Promise.reject(), mountPath: () => '', [Symbol.asyncDispose]: close };
    },
  };
}

test('a frontend has a bounded number of containers at a time', async () => {
  const { count, open } = counted();
  await using containers = new OpenContainers();
  const ids = Array.from({ length: 1000 }, (_, at) => `c${at}`);
  const opened = await Promise.allSettled(ids.map((id) => containers.open(id, open)));
  assert.equal(opened.filter(({ status }) => status === 'rejected').length, 800);
  assert.equal(count(), 200);
  await containers.release('c0');
  await containers.open('another', open);
  await assert.rejects(containers.open('more', open), { code: code.resourceExhausted });
});

test('no container opens after the end', async () => {
  const { count, open } = counted();
  const containers = new OpenContainers();
  const opening = containers.open('a', open);
  await containers[Symbol.asyncDispose]();
  await opening;
  await assert.rejects(containers.open('b', open), { code: code.cancelled });
  assert.equal(count(), 0);
});
