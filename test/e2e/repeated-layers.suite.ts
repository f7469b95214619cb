import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { busyboxEntries, tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { bytesOf, formArchive, type RepeatedForm, repeatedForms } from '../support/repeated-layers.ts';
import { listTree, type TreeListing, unpackLayers } from '../support/unpack-layers.ts';

const BUSYBOX = busyboxEntries();
export const FORMS = repeatedForms(BUSYBOX);

/** Names of the forms in which a layer hides something, by a whiteout, an opaque folder, a file or attributes. */
export const HIDING: ReadonlySet<string> = new Set(
  FORMS.map(({ name }) => name).slice(FORMS.findIndex(({ name }) => name === 'deleted and brought back')),
);

/** What containers of dockerd 28.5 (overlay2) export below `t/` and the size of the image without busybox, or its refusal. */
export const DOCKERD = JSON.parse(
  readFileSync(new URL('./repeated-layers.dockerd.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, { readonly tree?: TreeListing; readonly bytes?: number; readonly refusal?: string }>>;

/** What a root of the form's image holds below `t/`. */
export function treeOf({ layers }: RepeatedForm): TreeListing {
  return unpackLayers(layers.map(({ entries }) => entries)).filter((line) => /^t[ /]/.test(line));
}

/**
 * Loads, runs, reads, exports, changes, commits, saves and loads again an image of each of these forms. By API: clients bring nothing of
 * their own here, and there are hundreds of calls. What a root of any form shows is in `store/snapshots/repeated-layers.test.ts`.
 */
export function repeatedLayersSuite(driver: 'overlay2' | 'vfs', names: readonly string[]): void {
  suite(`${driver}: an image that repeats layers runs, and its files are read and written`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-repeated-'));
    let engine: TestEngine;
    before(async () => {
      engine = await startEngine({ flags: ['--storage-driver', driver] });
    });
    after(async () => {
      await engine[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });

    /** One call that must succeed. */
    const call = async (method: string, path: string, body?: Buffer | object): Promise<Buffer> => {
      const { status, bytes } = await send(engine.socketPath, method, path, body);
      assert.ok(status < 300, `${method} ${path}: ${status} ${bytes.toString('latin1', 0, 1000)}`);
      return bytes;
    };
    /** What a tar holds below `t/`. */
    const listed = async (tar: Buffer): Promise<TreeListing> => {
      const into = mkdtempSync(join(folder, 'tree-'));
      const { code, stderr } = await command('tar', ['-xpf', '-', '-C', into], { input: tar });
      assert.equal(code, 0, stderr);
      return listTree(into, (path) => path === 't' || path.startsWith('t/'));
    };
    const create = async (image: string, ...cmd: readonly string[]): Promise<string> => {
      const made = await call('POST', '/containers/create', { Image: image, Cmd: cmd });
      return (JSON.parse(made.toString()) as { readonly Id: string }).Id;
    };
    /** The tree as a container sees it: it packs it into a file of its own. */
    const seenBy = async (id: string): Promise<TreeListing> => {
      await call('POST', `/containers/${id}/start`);
      assert.equal(JSON.parse((await call('POST', `/containers/${id}/wait`)).toString()).StatusCode, 0);
      return listed(fileIn(await call('GET', `/containers/${id}/archive?path=/seen.tar`)));
    };
    const seenIn = async (image: string): Promise<TreeListing> => {
      const id = await create(image, 'tar', '-cf', '/seen.tar', 't');
      const seen = await seenBy(id);
      await call('DELETE', `/containers/${id}`);
      return seen;
    };

    for (const [at, name] of names.entries())
      test(name, async () => {
        const form = FORMS.find((known) => known.name === name);
        assert.ok(form);
        const [image, made] = [`repeated:${at}`, `made:${at}`];
        const tree = treeOf(form);
        const written = [...tree, 't/zz file 644 0:0 "written"'];
        await call('POST', '/images/load?quiet=1', formArchive(form, image));
        const bytes = DOCKERD[name]?.bytes;
        if (driver === 'overlay2' && bytes !== undefined)
          assert.equal(await bytesBeyondBusybox(form, image), bytes, 'size');

        const id = await create(image, 'tar', '-cf', '/seen.tar', 't');
        assert.deepEqual(
          await listed(await call('GET', `/containers/${id}/archive?path=/t`)),
          tree,
          'cp before the start',
        );
        assert.deepEqual(await seenBy(id), tree, 'run');
        assert.deepEqual(await listed(await call('GET', `/containers/${id}/export`)), tree, 'export');
        await call('PUT', `/containers/${id}/archive?path=/t`, tarArchive([{ name: 'zz', content: 'written' }]));
        const changes = JSON.parse((await call('GET', `/containers/${id}/changes`)).toString());
        assert.deepEqual(changes, [
          { Path: '/seen.tar', Kind: 1 },
          { Path: '/t', Kind: 0 },
          { Path: '/t/zz', Kind: 1 },
        ]);
        await call('POST', `/commit?container=${id}&repo=made&tag=${at}`, {});
        assert.deepEqual(await seenIn(made), written, 'commit');

        const saved = await call('GET', `/images/get?names=${image}&names=${made}`);
        await call('DELETE', `/containers/${id}`);
        for (const each of [image, made]) await call('DELETE', `/images/${each}`);
        await call('POST', '/images/load?quiet=1', saved);
        assert.deepEqual(await seenIn(image), tree, 'save and load');
        assert.deepEqual(await seenIn(made), written, 'save and load of what was committed');
        for (const each of [image, made]) await call('DELETE', `/images/${each}`);
      });

    const bytesBeyondBusybox = async (form: RepeatedForm, image: string): Promise<number> => {
      const { Size } = JSON.parse((await call('GET', `/images/${image}/json`)).toString()) as { readonly Size: number };
      return Size - form.layers.filter((layer) => layer === form.layers[0]).length * bytesOf(BUSYBOX);
    };
  });
}

/** The content of the one file of an archive. */
function fileIn(tar: Buffer): Buffer {
  const size = Number.parseInt(tar.toString('latin1', 124, 136), 8);
  return tar.subarray(512, 512 + size);
}

function send(
  socketPath: string,
  method: string,
  path: string,
  body?: Buffer | object,
): Promise<{ readonly status: number; readonly bytes: Buffer }> {
  const isBytes = Buffer.isBuffer(body);
  const payload = body === undefined || isBytes ? body : Buffer.from(JSON.stringify(body));
  const headers = {
    ...(payload === undefined ? {} : { 'content-length': payload.length }),
    'content-type': isBytes ? 'application/x-tar' : 'application/json',
  };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, agent: false, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) }));
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}
