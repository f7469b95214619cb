import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../support/command.ts';
import { COMPOSE_CLIENTS } from '../support/compose-clients.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';

// Further commands of every Compose client on our engine. `compose.test.ts` has a project of several services.
const engine = useEngine();

/** The services `app`, whose image has a tag of its own, and `job`. */
const projectOf = (image: string): string => `
version: "2.4"
services:
  app:
    image: ${image}
    build: { context: page }
    stop_grace_period: 0s
  job:
    image: busybox
    command: sh -c 'echo from the job; exec sleep 1000'
    stop_grace_period: 0s
`;
const WATCHING = `
services:
  app:
    build: { context: page }
    stop_grace_period: 0s
    develop: { watch: [{ action: sync, path: page, target: /watched }] }
`;
const DOCKERFILE = 'FROM busybox\nCOPY file /\nRUN mkdir /watched\nCMD ["sh", "-c", "cat /file; exec sleep 1000"]\n';

/** docker compose 2.40 builds by bake, or without. */
const BUILDS: Readonly<Record<string, readonly string[]>> = { 'docker compose (new)': ['true', 'false'] };

for (const { name, program, config, skip } of COMPOSE_CLIENTS) {
  for (const bake of BUILDS[name] ?? ['']) {
    const title = bake === '' ? name : `${name} with COMPOSE_BAKE=${bake}`;
    test(`${title}: build, ps, logs, run, scale, watch, and a change of an image`, { skip }, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'gantry-compose-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const [project, image] = [unique('project'), unique('app')];
      mkdirSync(join(folder, 'page'));
      const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
      write('page/Dockerfile', DOCKERFILE);
      write('page/file', 'first\n');
      write('compose.yaml', projectOf(`${image}:1`));
      write('watching.yaml', WATCHING);
      const env = { DOCKER_HOST: engine().host, DOCKER_CONFIG: config(folder), ...(bake && { COMPOSE_BAKE: bake }) };
      const [file, ...first] = program;
      const words = (args: readonly string[], yaml = 'compose.yaml'): string[] => [
        ...first,
        '-p',
        project,
        '-f',
        join(folder, yaml),
        ...args,
      ];
      const run = async (...args: readonly string[]): Promise<string> => {
        const { code, stdout, stderr } = await command(file, words(args), { env });
        assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
        return stdout.trim();
      };
      t.after(async () => {
        await command(file, words(['down', '-t', '0', '-v', '--remove-orphans', '--rmi', 'local']), { env });
        await engine().gantry(['rmi', '-f', `${image}:1`, `${image}:2`]);
      });
      await run('build');
      assert.equal(await run('run', '--rm', '--no-deps', '-T', 'app', 'cat', '/file'), 'first');
      await run('up', '-d');
      assert.match(await run('ps'), new RegExp(`${project}[-_]app[-_]1 .*Up`, 's'));
      assert.equal((await run('ps', '-q')).split('\n').length, 2);
      await eventually(async () => {
        const logs = await run('logs', '--no-color');
        assert.match(logs, /app[-_]1 +\| first$/m);
        assert.match(logs, /job[-_]1 +\| from the job$/m);
      });
      // docker compose has the command `scale` since 2.24 again.
      await run('scale', 'app=2');
      assert.equal((await run('ps', '-q', 'app')).split('\n').length, 2);

      const job = await run('ps', '-q', 'job');
      write('page/file', 'second\n');
      write('compose.yaml', projectOf(`${image}:2`));
      // docker-compose 1.29 cannot replace a container where images have no ContainerConfig, as those of dockerd since 25.
      if (name === 'docker-compose') await run('rm', '-sf', 'app');
      await run('up', '-d', '--build', '--scale', 'app=2');
      assert.equal(await run('exec', '-T', 'app', 'cat', '/file'), 'second');
      assert.equal(await run('ps', '-q', 'job'), job, 'what has not changed runs on');
      if (name === 'docker-compose') return;

      const watching = spawn(file, words(['watch', 'app'], 'watching.yaml'), { env: { ...process.env, ...env } });
      t.after(() => watching.kill('SIGKILL'));
      let printed = '';
      for (const stream of [watching.stdout, watching.stderr]) stream.on('data', (data) => (printed += String(data)));
      await eventually(async () => assert.match(printed, /watch enabled/i), 60);
      write('page/new', 'of the watch');
      await eventually(async () => {
        const { stdout } = await command(file, words(['exec', '-T', 'app', 'cat', '/watched/new'], 'watching.yaml'), {
          env,
        });
        assert.equal(stdout, 'of the watch', printed);
      }, 60);
      watching.kill('SIGINT');
    });
  }
}
