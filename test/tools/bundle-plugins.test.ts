import { deepEqual, equal } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { build } from 'esbuild';
import { lazyBuiltins, throughIndexes } from '../../tools/bundle-plugins.mjs';
import { command } from '../support/command.ts';

/** What the plugins of the command line's bundles leave out, and that the rest is as without them. */

const FILES: Readonly<Record<string, string>> = {
  'src/part/index.ts':
    "export { type Shape, used } from './used.ts';\nexport { unused as other } from './unused.ts';\n",
  'src/part/used.ts': "export interface Shape { readonly size: number }\nexport const used = 'used';\n",
  'src/part/unused.ts':
    "(globalThis as Record<string, unknown>)['evaluated'] = true;\nexport const unused = 'unused';\n",
  'src/whole/index.ts': "export { used as passedOn } from '../part/index.ts';\nexport const own = 'own';\n",
  'src/main.ts': `
    import { EventEmitter } from 'node:events';
    import fs, { readFileSync } from 'node:fs';
    import * as path from 'node:path';
    import { createHash } from 'node:crypto';
    import { isDeepStrictEqual, promisify } from 'node:util';
    import { execFile } from 'node:child_process';
    import { type Shape, used } from './part/index.ts';
    import { own, passedOn as passed } from './whole/index.ts';
    export async function start(): Promise<void> {
      const loaded = (name: string) => process.moduleLoadList.includes('NativeModule ' + name);
      const before = loaded('crypto');
      class Emitter extends EventEmitter {}
      const shape: Shape = { size: new Emitter().listenerCount('x') };
      const { stdout } = await promisify(execFile)('echo', ['hello']);
      console.log(JSON.stringify({
        names: [used, own, passed],
        evaluated: 'evaluated' in globalThis,
        shape,
        same: [fs.readFileSync === process.getBuiltinModule('node:fs').readFileSync, path.join('a', 'b'), isDeepStrictEqual([1], [1])],
        text: readFileSync('/proc/self/comm', 'utf8').length > 0,
        stdout,
        crypto: [before, createHash('sha256').update('').digest('hex').slice(0, 8), loaded('crypto')],
      }));
    }
  `.replaceAll('\n    ', '\n'),
};

describe('The plugins of the bundles of the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-plugins-'));
  before(() => {
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  it('evaluate what is used alone, and change nothing else', async () => {
    await build({
      entryPoints: [join(folder, 'src/main.ts')],
      outfile: join(folder, 'main.cjs'),
      ...{ bundle: true, platform: 'node', target: 'node24', format: 'cjs', logLevel: 'silent' },
      plugins: [lazyBuiltins, throughIndexes],
    });
    const { code, stdout, stderr } = await command(process.execPath, ['-e', `require('${folder}/main.cjs').start()`]);
    equal(code, 0, stderr);
    deepEqual(JSON.parse(stdout), {
      names: ['used', 'own', 'used'],
      evaluated: false,
      shape: { size: 0 },
      same: [true, 'a/b', true],
      text: true,
      stdout: 'hello\n',
      crypto: [false, 'e3b0c442', true],
    });
  });
});
