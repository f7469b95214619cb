import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLogger } from '../../../base/logger.ts';
import type { ContainerRecord } from '../../model/record.ts';
import { MovedLogs } from './removed-logs.ts';

const root = mkdtempSync(join(tmpdir(), 'gantry-removed-logs-'));
after(() => rmSync(root, { recursive: true }));

/** A data root with a clock that the test moves. */
function home() {
  const dataRoot = mkdtempSync(join(root, 'data-'));
  let nowMs = 1_000_000;
  let due: (() => void) | undefined;
  const clock = {
    now: () => BigInt(nowMs) * 1_000_000n,
    after: (_delayMs: number, callback: () => void) => {
      due = callback;
      const cancel = (): void => {
        due = undefined;
      };
      return { cancel };
    },
  };
  const removeTree = (path: string): Promise<void> => rm(path, { recursive: true });
  const logs = new MovedLogs({ dataRoot, clock, logger: silentLogger, removeTree });
  const remove = async (name: string, id: string, keep?: string, bytes?: number): Promise<void> => {
    const folder = join(dataRoot, 'containers', id);
    mkdirSync(folder, { recursive: true });
    for (const file of ['', '.1']) writeFileSync(join(folder, `${id}-json.log${file}`), `${name}${file}`);
    writeFileSync(join(folder, 'hostname'), 'not a log');
    if (bytes !== undefined) truncateSync(join(folder, `${id}-json.log`), bytes);
    const Config = keep === undefined ? {} : { keep };
    const record = {
      id,
      name: `/${name}`,
      config: { Tty: true },
      hostConfig: { LogConfig: { Type: 'json-file', Config } },
    };
    await logs.keep(record as ContainerRecord);
  };
  return { dataRoot, logs, remove, pass: (ms: number) => (nowMs += ms), due: () => due };
}

const idOf = (letter: string): string => letter.repeat(64);

test('a log is kept for its time, and found by id, prefix and name', async () => {
  const { dataRoot, logs, remove, pass, due } = home();
  await remove('web', idOf('a'), '1h');
  await remove('other', idOf('b'));
  assert.deepEqual(readdirSync(join(dataRoot, 'removed-logs')), [idOf('a')]);
  assert.equal(
    existsSync(join(dataRoot, 'containers', idOf('b'), `${idOf('b')}-json.log`)),
    true,
    'it asks for nothing',
  );
  for (const ref of [idOf('a'), 'aaaaaa', 'web', '/web']) assert.equal(logs.find(ref)?.id, idOf('a'), ref);
  for (const ref of ['aaa', 'we', '', '../web', idOf('b')]) assert.equal(logs.find(ref), undefined, ref);
  assert.deepEqual(logs.find('web')?.tty, true);
  assert.deepEqual(readdirSync(join(dataRoot, 'removed-logs', idOf('a'))).sort(), [
    `${idOf('a')}-json.log`,
    `${idOf('a')}-json.log.1`,
    'container.json',
  ]);
  pass(1000);
  await remove('web', idOf('c'), '2h');
  assert.equal(logs.find('web')?.id, idOf('c'), 'the newest of a name');
  pass(3_600_000);
  assert.ok(due() !== undefined, 'it comes back by itself');
  await logs.sweep();
  assert.deepEqual(readdirSync(join(dataRoot, 'removed-logs')), [idOf('c')]);
});

test('what a crash left and what is too much is removed, the oldest first', async () => {
  const { dataRoot, logs, remove, pass } = home();
  mkdirSync(join(dataRoot, 'removed-logs', idOf('d')), { recursive: true });
  await remove('first', idOf('e'), '24h', 700 * 1024 ** 2);
  pass(1000);
  await remove('second', idOf('f'), '24h', 700 * 1024 ** 2);
  assert.deepEqual(readdirSync(join(dataRoot, 'removed-logs')), [idOf('f')]);
  // A removal that is repeated after a crash changes nothing.
  await remove('second', idOf('f'), '24h');
  assert.equal(logs.find('second')?.id, idOf('f'));
});
