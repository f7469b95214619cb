import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clientEnvironment } from '../support/client-environment.ts';
import { command } from '../support/command.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { CLIS, eventually, loadBusybox } from '../support/fixture.ts';
import { type JoinedHost, joinedHosts } from '../support/joined-hosts.ts';

const GANTRYD = fileURLToPath(new URL('../../bin/gantryd', import.meta.url));
const cli = CLIS[0] ?? 'gantry';

test('the ambassadors of docs/networking.md connect a client with a server on another host, through restarts of both', async () => {
  await using hosts = await joinedHosts();
  {
    await using a = await startEngine({ command: [...hosts.a.enter, GANTRYD] });
    await using b = await startEngine({ command: [...hosts.b.enter, GANTRYD] });
    const engines = { A: a, B: b };
    await Promise.all(Object.values(engines).map(loadBusybox));

    const printed: string[] = [];
    for (const { host, line } of recipe()) printed.push(await shell(engines[host], line));
    assert.equal(printed.at(-1), 'page\n', 'what the last command of the recipe prints');

    await a.ok(cli, ['run', '-d', '--name', 'client', '--link', 'to-server:server', 'busybox', 'sleep', '1000']);
    const page = async (): Promise<string> => a.ok(cli, ['exec', 'client', 'wget', '-qO-', 'http://server/']);
    assert.equal(await page(), 'page');
    const addressOf = (engine: TestEngine, name: string): Promise<string> =>
      engine.ok(cli, ['inspect', '-f', '{{.NetworkSettings.IPAddress}}', name]);
    for (const [engine, name] of [
      [b, 'server'],
      [a, 'to-server'],
    ] as const) {
      const before = await addressOf(engine, name);
      await engine.ok(cli, ['stop', '-t', '0', name]);
      await engine.ok(cli, ['run', '-d', '--name', `instead-of-${name}`, 'busybox', 'sleep', '1000']);
      await engine.ok(cli, ['start', name]);
      assert.notEqual(await addressOf(engine, name), before);
      await eventually(async () => assert.equal(await page(), 'page', `${name} has another address`));
    }
    for (const engine of [a, b]) {
      await engine.kill9();
      await engine.start();
    }
    assert.equal(await page(), 'page', 'after the death of both daemons');
  }
  for (const host of [hosts.a, hosts.b]) assert.deepEqual(await leftOn(host), ['lo', 'eth0']);
});

interface Step {
  readonly host: 'A' | 'B';
  readonly line: string;
}

/** The commands of the documents, with the host on which a remark above them says that they run. */
function recipe(): readonly Step[] {
  const document = readFileSync(new URL('../../docs/networking.md', import.meta.url), 'utf8');
  const [, section = ''] = document.split(/^## Ambassadors.*$/m);
  const steps: Step[] = [];
  let host: Step['host'] | undefined;
  for (const [, line = ''] of (section.split(/^## /m)[0] ?? '').matchAll(/^ {4}(.+)$/gm)) {
    const [, named] = /^# host ([AB])/.exec(line) ?? [];
    if (named !== undefined) host = named as Step['host'];
    else if (host !== undefined) steps.push({ host, line });
  }
  assert.equal(steps.length, 4, 'the section on ambassadors has four commands');
  return steps;
}

/** Runs a line of the documents in a shell. */
async function shell(engine: TestEngine, line: string): Promise<string> {
  const env = { ...clientEnvironment(engine.dataRoot), DOCKER_HOST: engine.host };
  const { code, stdout, stderr } = await command('sh', ['-c', line.replace(/^docker /, `${cli} `)], { env });
  assert.equal(code, 0, `${line}: ${stderr}`);
  return stdout;
}

/** Interfaces and firewall tables. */
async function leftOn({ enter: [program, ...args] }: JoinedHost): Promise<readonly string[]> {
  const links = await command(program, [...args, 'ip', '-o', 'link']);
  const tables = await command(program, [...args, 'nft', 'list', 'tables']);
  assert.deepEqual([links.code, tables.code], [0, 0]);
  const names = [...links.stdout.matchAll(/^\d+: ([^:@]+)/gm)].map(([, name = '']) => name);
  return [...names, ...tables.stdout.split('\n').filter((line) => line !== '')];
}
