import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { type CommandResult, command } from '../support/command.ts';
import { unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

const CLI = fileURLToPath(new URL('../../node_modules/.bin/devcontainer', import.meta.url));
const DOCKERFILE = `FROM busybox
ARG TEXT
RUN echo "$TEXT" >/arg; mkdir -p /home/dev /tmp; chmod 1777 /tmp; chown 1001:1001 /home/dev; \
  echo dev:x:1001: >/etc/group; \
  printf 'root:x:0:0:root:/root:/bin/sh\\ndev:x:1001:1001::/home/dev:/bin/sh\\n' >/etc/passwd
COPY tools /opt/tools
`;

function project(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-devcontainer-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  chmodSync(path, 0o755);
  mkdirSync(join(path, '.devcontainer/tools'), { recursive: true });
  const config = {
    name: 'test',
    build: { dockerfile: 'Dockerfile', args: { TEXT: 'given' } },
    remoteUser: 'dev',
    containerEnv: { COLOR: 'green' },
    postCreateCommand: 'echo created >/tmp/created',
  };
  writeFileSync(join(path, '.devcontainer/devcontainer.json'), JSON.stringify(config));
  writeFileSync(join(path, '.devcontainer/Dockerfile'), DOCKERFILE);
  writeFileSync(join(path, '.devcontainer/tools/tool'), 'a tool\n');
  writeFileSync(join(path, 'source'), 'of the project\n');
  return path;
}

const KINDS = {
  buildx: { flags: [], env: {} },
  'docker build': { flags: ['--buildkit', 'never'], env: {} },
  'the classic builder': { flags: ['--buildkit', 'never'], env: { DOCKER_BUILDKIT: '0' } },
} as const;

for (const [kind, { flags, env }] of Object.entries(KINDS)) {
  const skip = kind !== 'the classic builder' && lacksPlugins('new');
  test(`devcontainer opens a project by its Dockerfile with ${kind}`, { skip }, async (t) => {
    const folder = project(t);
    const config = pluginConfig(mkdtempSync(join(tmpdir(), `${unique('gantry-devcontainer')}-`)), 'new');
    t.after(() => rmSync(join(config, '..'), { recursive: true, force: true }));
    const devcontainer = (verb: string, ...args: readonly string[]): Promise<CommandResult> =>
      command(CLI, [verb, '--workspace-folder', folder, ...args], {
        env: { DOCKER_HOST: engine().host, DOCKER_CONFIG: config, ...env },
      });
    const up = await devcontainer('up', ...flags);
    assert.equal(up.code, 0, up.stderr);
    const { outcome, containerId, remoteUser } = JSON.parse(up.stdout);
    assert.deepEqual([outcome, remoteUser], ['success', 'dev']);
    const ran = await devcontainer(
      'exec',
      'sh',
      '-c',
      'id -un; cat /arg /tmp/created /opt/tools/tool source; echo $COLOR',
    );
    assert.equal(ran.stdout, 'dev\ngiven\ncreated\na tool\nof the project\ngreen\n', ran.stderr);
    await engine().ok('gantry', ['rm', '-f', containerId]);
  });
}
