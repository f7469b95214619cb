import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { command } from '../support/command.ts';
import { useEngine } from '../support/fixture.ts';

// Errors travel in trailers of HTTP/2, which have little room.
const engine = useEngine();

const comment = (kilobytes: number): string => `# ${'x'.repeat(61)}\n`.repeat(kilobytes * 16);
const CASES: Readonly<Record<string, { readonly dockerfile: string; readonly shown: RegExp }>> = {
  'a large Dockerfile': {
    dockerfile: `FROM busybox\n${comment(400)}RUN exit 3\n${comment(400)}`,
    shown:
      /^ *6402 \| >>> RUN exit 3$[\s\S]*process "\/bin\/sh -c exit 3" did not complete successfully: exit code: 3$/m,
  },
  'a large step': {
    dockerfile: `FROM busybox\nRUN <<EOF\n${comment(80)}exit 3\nEOF\n`,
    shown: /^ERROR: .*process "\/bin\/sh -c # x+.*exit 3\\n" did not complete successfully: exit code: 3$/m,
  },
  'a step that no kernel takes': {
    dockerfile: `FROM busybox\nRUN <<EOF\n${comment(900)}exit 3\nEOF\n`,
    shown: /^ERROR: .*process "\/bin\/sh -c # x+.*exit 3\\n" did not complete successfully: exit code: 255$/m,
  },
};

for (const client of ['gantry', 'buildx'] as const)
  test(`the failure of a large build is told (${client})`, {
    skip: client === 'buildx' && lacksPlugins('new'),
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-large-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const env = { DOCKER_HOST: engine().host, DOCKER_CONFIG: pluginConfig(folder, 'new') };
    for (const [what, { dockerfile, shown }] of Object.entries(CASES)) {
      const args = ['build', '--progress=plain', '-'];
      const { code, stderr } =
        client === 'gantry'
          ? await engine().gantry(args, { input: dockerfile })
          : await command('docker', ['buildx', ...args], { env, input: dockerfile });
      assert.equal(code, 1, what);
      assert.match(stderr, shown, `${what}: ${stderr.slice(-1500)}`);
    }
  });
