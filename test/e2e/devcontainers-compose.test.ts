import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { type CommandResult, command } from '../support/command.ts';
import { unique, useEngine } from '../support/fixture.ts';

// `@devcontainers/cli` opens a project by Compose: it runs `docker compose`, or the program that stands for docker-compose.
const engine = useEngine();

const CLI = fileURLToPath(new URL('../../node_modules/.bin/devcontainer', import.meta.url));
const GANTRY = fileURLToPath(new URL('../../bin/gantry', import.meta.url));

const COMPOSE = `
services:
  app:
    build: { context: ., args: { TEXT: given } }
    command: sleep 1000
    stop_grace_period: 0s
    volumes: ["..:/workspace"]
    depends_on: { db: { condition: service_healthy } }
  db:
    image: busybox
    command: sh -c 'echo rows >/index.html; exec httpd -f -p 5432 -h /'
    stop_grace_period: 0s
    healthcheck: { test: wget -qO- http://localhost:5432/, interval: 1s, retries: 60 }
  side: { image: busybox, command: sleep 1000, stop_grace_period: 0s }
  other: { image: busybox, command: sleep 1000, stop_grace_period: 0s }
`;
const DOCKERFILE = `FROM busybox
ARG TEXT
RUN echo "$TEXT" >/arg; mkdir -p /home/dev /tmp; chmod 1777 /tmp; chown 1001:1001 /home/dev; \
  echo dev:x:1001: >/etc/group; \
  printf 'root:x:0:0:root:/root:/bin/sh\\ndev:x:1001:1001::/home/dev:/bin/sh\\n' >/etc/passwd
`;

function project(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), `${unique('gantry-devcontainer')}-`));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  chmodSync(path, 0o755);
  mkdirSync(join(path, '.devcontainer'));
  const config = {
    name: 'test',
    dockerComposeFile: 'compose.yaml',
    service: 'app',
    runServices: ['side'],
    workspaceFolder: '/workspace',
    remoteUser: 'dev',
    remoteEnv: { COLOR: 'green' },
    postCreateCommand: 'echo created >/tmp/created',
  };
  writeFileSync(join(path, '.devcontainer/devcontainer.json'), JSON.stringify(config));
  writeFileSync(join(path, '.devcontainer/compose.yaml'), COMPOSE);
  writeFileSync(join(path, '.devcontainer/Dockerfile'), DOCKERFILE);
  writeFileSync(join(path, 'source'), 'of the project\n');
  return path;
}

for (const tool of ['docker compose', 'gantry compose'] as const) {
  const skip = lacksPlugins('new');
  test(`devcontainer opens a project by Compose with ${tool}, and finds it again`, { skip }, async (t) => {
    const folder = project(t);
    const config = pluginConfig(folder, 'new');
    const program = join(folder, 'docker-compose');
    writeFileSync(program, `#!/bin/sh\nexec ${GANTRY} compose "$@"\n`, { mode: 0o755 });
    const env = { DOCKER_HOST: engine().host, DOCKER_CONFIG: config };
    const flags = tool === 'gantry compose' ? ['--docker-path', GANTRY, '--docker-compose-path', program] : [];
    const devcontainer = (verb: string, ...args: readonly string[]): Promise<CommandResult> =>
      command(CLI, [verb, '--workspace-folder', folder, ...flags, ...args], { env });
    const up = await devcontainer('up');
    assert.equal(up.code, 0, up.stderr);
    const { outcome, containerId, composeProjectName, remoteUser, remoteWorkspaceFolder } = JSON.parse(up.stdout);
    t.after(async () => {
      const words = [
        'compose',
        '-p',
        composeProjectName,
        'down',
        '-v',
        '-t',
        '0',
        '--remove-orphans',
        '--rmi',
        'local',
      ];
      await engine().gantry(words);
    });
    assert.deepEqual([outcome, remoteUser, remoteWorkspaceFolder], ['success', 'dev', '/workspace']);
    const read = 'id -un; cat /arg /tmp/created source; echo $COLOR; wget -qO- http://db:5432/';
    const ran = await devcontainer('exec', 'sh', '-c', read);
    assert.equal(ran.stdout, 'dev\ngiven\ncreated\nof the project\ngreen\nrows\n', ran.stderr);
    const filter = `label=com.docker.compose.project=${composeProjectName}`;
    const services = await engine().ok('gantry', [
      'ps',
      '--filter',
      filter,
      '--format',
      '{{.Label "com.docker.compose.service"}}',
    ]);
    assert.deepEqual(
      services.split('\n').sort(),
      ['app', 'db', 'side'],
      'what runServices names, and what the service needs',
    );
    const again = await devcontainer('up');
    assert.equal(again.code, 0, again.stderr);
    assert.equal(JSON.parse(again.stdout).containerId, containerId);
  });
}
