import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS, NOUNS } from '../../src/cli/commands.ts';
import { GLOBAL_FLAGS } from '../../src/cli/flags/global.ts';
import { nounHelp, rootHelp } from '../../src/cli/help.ts';
import { usage } from '../../src/daemon/config/usage.ts';

/** The verbs that help texts begin with: an instruction, as docker's users know it. */
const VERBS = new Set(
  `Add Allocate Allow Amend Apply Assign Attach Build Bypass Connect Copy Create Disable Disconnect Display Download Drop Enable
  Export Expose Filter Follow Force Format Forward Give Grant Include Keep Kill Limit List Listen Load Log Look Manage Mount
  Open
  Override Pass Pause Prefer Print Publish Pull Push Read Register Relay Remove Rename Repair Replace Require Reserve Restart Restore
  Restrict Resume Run Save Search Select Serve Set Show Start Stop Store Suppress Trust Tune Update Upload Use Validate
  Verify Wait Write`.split(/\s+/),
);

function faultOf(where: string, text: string): string[] {
  const [first = '', second = ''] = text.split(' ');
  const imperative = VERBS.has(first) || (['Only', "Don't"].includes(first) && /^[a-z]+$/.test(second));
  return imperative && !text.endsWith('.') ? [] : [`${where}: ${text}`];
}

test('help says in the imperative what each command and flag does', async () => {
  const faults = Object.entries(NOUNS).flatMap(([noun, summary]) => faultOf(noun, summary));
  for (const { path, summary, load } of COMMANDS) {
    faults.push(...faultOf(path, summary));
    for (const { name, help, hidden } of (await load()).flags)
      if (hidden === undefined) faults.push(...faultOf(`${path} --${name}`, help));
  }
  faults.push(...GLOBAL_FLAGS.flatMap(({ name, help }) => faultOf(`--${name}`, help)));
  assert.deepEqual(faults, []);
});

test('a flag that several commands have is described by the same words unless its meaning differs', async () => {
  const texts = new Map<string, Set<string>>();
  for (const { load } of COMMANDS)
    for (const { name, type, help, hidden } of (await load()).flags)
      if (hidden === undefined) texts.set(`${name} ${type}`, (texts.get(`${name} ${type}`) ?? new Set()).add(help));
  for (const shared of [
    'no-trunc bool',
    'detach-keys string',
    'sig-proxy bool',
    'memory bytes',
    'cpus decimal',
    'tty bool',
  ])
    assert.equal(texts.get(shared)?.size, 1, shared);
});

test('help of the engine is in the imperative too', () => {
  const options = /\nOptions:\n([\s\S]*?)\n\n/.exec(usage())?.[1]?.split('\n') ?? [];
  assert.ok(options.length > 40);
  const texts = options.map((line) => line.trim().split(/ {3,}/));
  assert.deepEqual(
    texts.flatMap(([flag = '', text = '']) => faultOf(flag, text)),
    [],
  );
});

test('help offers no command that the engine cannot serve yet', () => {
  const volumes = nounHelp('gantry', 'volume');
  assert.match(volumes, /^ {2}ls /m);
  assert.doesNotMatch(volumes, /^ {2}update /m);
  assert.doesNotMatch(rootHelp('gantry', 80), /^ {2}(?:stack|swarm) /m);
  assert.match(rootHelp('gantry', 80), /^ {2}compose /m);
});
