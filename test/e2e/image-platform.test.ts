import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlatform, hostPlatform } from '../../src/spec/index.ts';
import { one } from '../support/archives.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const HOST = formatPlatform(hostPlatform());
/** An architecture that this machine does not run. */
const FOREIGN = HOST === 'linux/s390x' ? 'linux/riscv64' : 'linux/s390x';

// The texts are those of dockerd 28.5, which names the host's platform with its level: linux/amd64/v3.
for (const cli of CLIS) {
  test(`${cli}: an image of another platform is warned of at create, unless the platform was asked for`, async () => {
    const name = unique('foreign');
    await engine().ok(cli, ['import', '--platform', FOREIGN, '-', name], { input: one });
    const plain = await engine()[cli](['create', name, 'sh']);
    const asked = await engine()[cli](['create', '--platform', FOREIGN, name, 'sh']);
    const own = await engine()[cli](['create', 'busybox', 'sh']);
    assert.match(
      plain.stderr,
      new RegExp(
        `^WARNING: The requested image's platform \\(${FOREIGN}\\) does not match the detected host platform \\(${HOST}(/v\\d)?\\) and no specific platform was requested\n$`,
      ),
    );
    assert.deepEqual([asked.code, asked.stderr, own.code, own.stderr], [0, '', 0, '']);
    await engine().ok(cli, ['rm', ...[plain, asked, own].map(({ stdout }) => stdout.trim())]);
    await engine().ok(cli, ['rmi', name]);
  });
}

test('a platform that the image does not have is refused from 1.41 on and ignored before', async () => {
  const create = async (version: string, query: string) =>
    engine().api('POST', `/v${version}/containers/create?${query}`, { Image: 'busybox' });
  const text = `image with reference busybox was found but its platform (${HOST}) does not match the specified platform (${FOREIGN})`;
  for (const version of ['1.41', '1.45', '1.51', '1.52']) {
    const { status, body } = await create(version, `platform=${FOREIGN}`);
    assert.deepEqual([status, JSON.parse(body)], [404, { message: text }], version);
  }
  for (const version of ['1.24', '1.40']) {
    for (const platform of [FOREIGN, 'bogus']) {
      const { status, body } = await create(version, `platform=${platform}`);
      assert.deepEqual([status, JSON.parse(body).Warnings], [201, []], `${version} ${platform}`);
      await engine().ok('gantry', ['rm', JSON.parse(body).Id]);
    }
  }
});
