import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../support/command.ts';
import { COMPOSE_CLIENTS } from '../support/compose-clients.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

/**
 * A project as people write it: an image of its own, health-ordered starts, two networks and one from outside, an alias, fixed addresses of both families, a
 * volume and one from outside, a published port.
 */
const PROJECT = `
version: "2.4"
services:
  db:
    image: busybox
    command: sh -c 'mkdir -p /data/www; [ -f /data/www/index.html ] || echo rows >/data/www/index.html; exec httpd -f -p 5432 -h /data/www'
    volumes: ["data:/data"]
    networks:
      back: { aliases: [database] }
    healthcheck: { test: ["CMD", "wget", "-qO-", "http://localhost:5432/"], interval: 1s, retries: 60 }
  web:
    image: busybox
    command: sh -c 'mkdir /www; wget -qO /www/index.html http://database:5432/ && exec httpd -f -p 80 -h /www'
    depends_on: { db: { condition: service_healthy } }
    networks:
      front: { ipv4_address: 10.83.0.10, ipv6_address: "fd83::10" }
      back:
    ports: ["127.0.0.1::80"]
  probe:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    volumes: ["kept:/kept"]
    networks: [front, shared]
  page:
    build: { context: page, args: { GREETING: hello } }
    stop_grace_period: 0s
    networks: [front]
networks:
  front:
    enable_ipv6: true
    ipam: { config: [ { subnet: 10.83.0.0/24 }, { subnet: "fd83::/64" } ] }
  back: { internal: true }
  shared: { name: "SHARED", external: true }
volumes:
  data:
  kept: { name: "KEPT", external: true }
`;

/** An image that the project builds, in two stages. */
const DOCKERFILE = `
FROM busybox AS made
ARG GREETING
RUN echo "$GREETING from the build" >/page
FROM busybox
COPY --from=made /page /
COPY file /
CMD ["sleep", "1000"]
`;

for (const { name, program, config, skip } of COMPOSE_CLIENTS) {
  test(`${name}: a project of several services runs, is scaled, survives the daemon, and is taken down`, {
    skip,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-compose-'));
    const [project, shared, kept] = [unique('project'), unique('shared'), unique('kept')];
    writeFileSync(join(folder, 'compose.yaml'), PROJECT.replace('SHARED', shared).replace('KEPT', kept));
    mkdirSync(join(folder, 'page'));
    writeFileSync(join(folder, 'page/Dockerfile'), DOCKERFILE);
    writeFileSync(join(folder, 'page/file'), 'first');
    const [file, ...first] = program;
    const run = async (...args: string[]): Promise<string> => {
      const all = [...first, '-p', project, '-f', join(folder, 'compose.yaml'), ...args];
      const env = { DOCKER_HOST: `unix://${engine().socketPath}`, DOCKER_CONFIG: config(folder) };
      const { code, stdout, stderr } = await command(file, all, { env });
      assert.equal(code, 0, `${all.join(' ')}: ${stdout}${stderr}`);
      return stdout.trim();
    };
    try {
      await engine().ok('gantry', ['network', 'create', shared]);
      await engine().ok('gantry', ['volume', 'create', kept]);
      await run('up', '-d');
      const [, port = ''] = (await run('port', 'web', '80')).split(':');
      assert.match(await get(Number(port)), /rows$/m);
      assert.equal(await run('exec', '-T', 'probe', 'wget', '-qO-', 'http://web/'), 'rows');
      assert.match(await run('exec', '-T', 'probe', 'nslookup', '-type=a', 'web'), /^Address: 10\.83\.0\.10$/m);
      assert.match(await run('exec', '-T', 'probe', 'nslookup', '-type=aaaa', 'web'), /^Address: fd83::10$/m);
      await run('exec', '-T', 'probe', 'sh', '-c', 'echo kept >/kept/file');
      assert.match(await run('exec', '-T', 'page', 'cat', '/page', '/file'), /^hello from the build\nfirst$/);
      writeFileSync(join(folder, 'page/file'), 'second');
      // docker-compose 1.29 cannot replace a container where images have no ContainerConfig, as those of dockerd since 25.
      await run('rm', '-sf', 'page');
      await run('up', '-d', '--build', 'page');
      assert.match(await run('exec', '-T', 'page', 'cat', '/page', '/file'), /^hello from the build\nsecond$/);
      for (const count of [3, 2]) {
        await run('up', '-d', '--scale', `probe=${count}`);
        const answer = await run('exec', '-T', 'probe', 'nslookup', '-type=a', 'probe');
        const found = new Set([...answer.matchAll(/^Address: (10\.83\S+)$/gm)].map(([, address]) => address));
        assert.equal(found.size, count);
      }

      await engine().kill9();
      await engine().start();
      assert.equal(await run('exec', '-T', 'web', 'wget', '-qO-', 'http://database:5432/'), 'rows');
      await run('restart', '-t', '0', 'web');
      await eventually(async () =>
        assert.match(await get(Number((await run('port', 'web', '80')).split(':')[1])), /rows$/m),
      );
      await run('down', '-t', '0', '-v', '--rmi', 'local');
      assert.equal(
        await engine().ok('gantry', ['ps', '-aq', '--filter', `label=com.docker.compose.project=${project}`]),
        '',
      );
      assert.equal(await engine().ok('gantry', ['network', 'ls', '-q', '--filter', `name=${project}`]), '');
      assert.equal(await engine().ok('gantry', ['volume', 'ls', '-q', '--filter', `name=${project}`]), '');
      const reading = ['run', '--rm', '--network', shared, '-v', `${kept}:/kept`, 'busybox', 'cat', '/kept/file'];
      assert.equal(await engine().ok('gantry', reading), 'kept', 'what is from outside stays');
      await engine().ok('gantry', ['network', 'rm', shared]);
      await engine().ok('gantry', ['volume', 'rm', kept]);
    } finally {
      await run('down', '-t', '0', '-v').catch(() => {});
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function get(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  return (await response.text()).trim();
}
