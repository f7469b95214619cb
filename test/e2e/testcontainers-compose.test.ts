import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const GANTRY = fileURLToPath(new URL('../../bin/gantry', import.meta.url));

const COMPOSE = `
services:
  web:
    build: { dockerfile_inline: "FROM busybox\\nRUN mkdir /www; echo page >/www/index.html" }
    command: sh -c 'echo serving; exec httpd -f -p 80 -h /www'
    ports: ["80"]
    stop_grace_period: 0s
  db:
    image: busybox
    command: sh -c 'sleep 1; touch /ready; exec sleep 1000'
    healthcheck: { test: test -e /ready, interval: 500ms, retries: 60 }
    environment: { WORD }
    stop_grace_period: 0s
    volumes: ["data:/data"]
volumes: { data: }
`;

for (const tool of ['docker', 'gantry'] as const) {
  const skip = tool === 'docker' && lacksPlugins('new');
  test(`a Compose environment of testcontainers runs with ${tool} compose: waits, ports, exec, down`, {
    skip,
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-testcontainers-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'compose.yaml'), COMPOSE);
    const name = unique('testcontainers');
    // Its reaper is an image of a registry; the test cleans up itself.
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    process.env['DOCKER_HOST'] = engine().host;
    process.env['DOCKER_CONFIG'] = pluginConfig(folder, 'new');
    const { DockerComposeEnvironment, Wait } = await import('testcontainers');
    const executablePath = tool === 'docker' ? 'docker' : GANTRY;
    const environment = await new DockerComposeEnvironment(folder, 'compose.yaml')
      .withProjectName(name)
      .withClientOptions({ executable: { executablePath } })
      .withEnvironment({ WORD: 'moon' })
      .withBuild()
      .withWaitStrategy('web-1', Wait.forLogMessage('serving'))
      .withWaitStrategy('db-1', Wait.forHealthCheck())
      .up();
    try {
      const web = environment.getContainer('web-1');
      const page = await fetch(`http://${web.getHost()}:${web.getMappedPort(80)}/`);
      assert.equal(await page.text(), 'page\n');
      const result = await environment.getContainer('db-1').exec(['sh', '-c', 'ls /ready; echo $WORD']);
      assert.deepEqual([result.exitCode, result.output], [0, '/ready\nmoon\n']);
    } finally {
      await environment.down({ removeVolumes: true });
    }
    const filter = ['--filter', `label=com.docker.compose.project=${name}`];
    assert.equal(await engine().ok('gantry', ['ps', '-aq', ...filter]), '');
    assert.equal(await engine().ok('gantry', ['volume', 'ls', '-q', ...filter]), '');
    await engine().ok('gantry', ['rmi', `${name}-web`]);
  });
}
