import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { WATCH_SIGNAL } from '../../linux/index.ts';
import { privateHost } from '../testing/private-host.ts';
import { EngineFirewall } from './engine-firewall.ts';

const host = privateHost();
// A signal without a handler would end the process.
const ignore = (): void => {};
process.on(WATCH_SIGNAL, ignore);
after(() => {
  process.off(WATCH_SIGNAL, ignore);
  host[Symbol.dispose]();
});
const CONFIG = { table: 'gantry-gtest1', families: ['ip', 'ip6'] } as const;
const tables = (): string => execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });

test('a thread that follows a dead one finds the tables, sees that they were flushed, and removes them', () => {
  using dead = new EngineFirewall(CONFIG);
  dead.setUp([]);
  using next = new EngineFirewall(CONFIG);
  assert.equal(next.isThere(), true);
  next.tearDown([]);
  assert.doesNotMatch(tables(), /gtest1/);

  dead.setUp([]);
  using third = new EngineFirewall(CONFIG);
  execFileSync('nft', ['flush', 'ruleset']);
  assert.equal(third.isThere(), false);
  third.repair([], []);
  assert.equal(third.isThere(), true);
  third.tearDown([]);
  assert.doesNotMatch(tables(), /gtest1/);
});
