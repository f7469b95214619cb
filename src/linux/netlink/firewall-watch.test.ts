import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { isolateNetwork } from '../network-namespace.ts';
import { FirewallWatch } from './firewall-watch.ts';
import { WATCH_SIGNAL } from './signal-socket.ts';

let signals = 0;
const count = (): void => {
  signals += 1;
};
before(() => {
  isolateNetwork();
  process.on(WATCH_SIGNAL, count);
});
after(() => process.off(WATCH_SIGNAL, count));

const nft = (input: string): void => void execFileSync('nft', ['-f', '-'], { input });
/** Whether a change is signalled. Signals reach Node in its next turns. */
async function isSignalled(change: () => void): Promise<boolean> {
  const former = signals;
  change();
  for (let turn = 0; turn < 20 && signals === former; turn++) await new Promise((resolve) => setTimeout(resolve, 10));
  return signals > former;
}

test('changes of tables, chains and rules are signalled, those of elements are not', async () => {
  using _watch = new FirewallWatch();
  assert.equal(await isSignalled(() => nft('add table ip a\nadd chain ip a c')), true, 'a table');
  assert.equal(await isSignalled(() => nft('add rule ip a c drop')), true, 'a rule');
  assert.equal(await isSignalled(() => nft('flush chain ip a c')), true, 'no rules');
  assert.equal(await isSignalled(() => nft('add map ip a m { type inet_service : verdict; }')), true, 'a map');
  assert.equal(await isSignalled(() => nft('add element ip a m { 80 : drop, 81 : drop }')), false, 'elements');
  assert.equal(await isSignalled(() => nft('delete element ip a m { 80 }')), false, 'fewer elements');
  assert.equal(await isSignalled(() => execFileSync('iptables-nft', ['-P', 'FORWARD', 'DROP'])), true, 'a policy');
  assert.equal(await isSignalled(() => nft('flush ruleset')), true, 'a flush');
});

test('changes are signalled again after more of them than the socket holds', async () => {
  using watch = new FirewallWatch();
  const rules = 'add rule ip a c ip saddr 192.0.2.1 counter drop\n'.repeat(8000);
  assert.equal(await isSignalled(() => nft(`add table ip a\nadd chain ip a c\n${rules}`)), true);
  assert.equal(await isSignalled(() => nft('add rule ip a c accept')), false, 'the socket is full');
  watch.drain();
  assert.equal(await isSignalled(() => nft('flush ruleset')), true);
});
