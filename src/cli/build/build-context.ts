import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { digestInIndex, type LayoutStore } from '../../client/index.ts';
import { CliError } from '../errors.ts';
import { cut } from './key-values.ts';

/** Where a build reads from. */
export interface BuildContext {
  readonly attrs: Readonly<Record<string, string>>;
  readonly directories: Readonly<Record<string, string>>;
  readonly uploads: Readonly<Record<string, AsyncIterable<Uint8Array>>>;
  /** OCI layouts, by the names of their stores. */
  readonly stores: Readonly<Record<string, LayoutStore>>;
  readonly sharedKey: string;
  /** Shown before the names of files in error messages: the Dockerfile as the user gave it. */
  readonly dockerfile: string;
  /** A folder to remove after the build. */
  readonly temporary: string | undefined;
}

interface Given {
  readonly context: string;
  /** `--file`; '' for none. */
  readonly file: string;
  readonly named: readonly string[];
}

const REMOTE = /^(?:https?:\/\/|git:\/\/|git@|ssh:\/\/|github\.com\/)/;
const LAYOUT = 'oci-layout://';
const UPLOAD_ID = 'context';

/** Reads the context's argument, `--file` and `--build-context`. `stdin` is read for `-`. @throws CliError */
export async function buildContext(given: Given, stdin: AsyncIterable<Uint8Array>): Promise<BuildContext> {
  const { context, file } = given;
  const named = namedContexts(given.named);
  if (file === '-' && context === '-')
    throw new CliError(1, "invalid argument: can't use stdin for both build context and dockerfile");
  const main = context === '-' ? await fromInput(stdin, file) : REMOTE.test(context) ? remote(given) : local(given);
  const withFile = file === '-' ? await fileFromInput(main, stdin) : main;
  return {
    ...withFile,
    attrs: { ...withFile.attrs, ...named.attrs },
    directories: { ...withFile.directories, ...named.directories },
    stores: named.stores,
  };
}

function local({ context, file }: Given): BuildContext {
  const root = resolve(context);
  if (!existsSync(root))
    throw new CliError(1, `ERROR: failed to build: unable to prepare context: path "${context}" not found`);
  if (!statSync(root).isDirectory())
    throw new CliError(1, `ERROR: failed to build: unable to prepare context: path "${context}" is not a directory`);
  const path = file === '' || file === '-' ? join(root, 'Dockerfile') : resolve(file);
  return {
    ...EMPTY,
    attrs: { filename: basename(path) },
    directories: { context: root, dockerfile: dirname(path) },
    sharedKey: sharedKey(root),
    dockerfile: file === '' ? join(context, 'Dockerfile') : file,
  };
}

function remote({ context, file }: Given): BuildContext {
  // A file beside us is taken for the Dockerfile; else it is one of the context.
  const isLocal = file !== '' && file !== '-' && existsSync(file);
  if (isLocal) {
    const path = resolve(file);
    const attrs = { context, filename: basename(path), dockerfilekey: 'dockerfile' };
    return { ...EMPTY, attrs, directories: { dockerfile: dirname(path) }, dockerfile: file };
  }
  return {
    ...EMPTY,
    attrs: { context, filename: file === '' || file === '-' ? 'Dockerfile' : file },
    dockerfile: file,
  };
}

/** An archive, or a Dockerfile without a context. */
async function fromInput(stdin: AsyncIterable<Uint8Array>, file: string): Promise<BuildContext> {
  const input = stdin[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  let length = 0;
  while (length < 1024) {
    const { done, value } = await input.next();
    if (done === true) break;
    start.push(value);
    length += value.length;
  }
  const head = Buffer.concat(start);
  if (head.length === 0) throw new CliError(1, 'ERROR: failed to build: failed to read context from stdin: EOF');
  async function* all(): AsyncGenerator<Uint8Array> {
    yield head;
    for (let next = await input.next(); next.done !== true; next = await input.next()) yield next.value;
  }
  if (!isArchive(head)) return await fileFromInput({ ...EMPTY }, all(), true);
  const attrs = { context: `http://buildkit-session/${UPLOAD_ID}`, filename: file === '' ? 'Dockerfile' : file };
  return { ...EMPTY, attrs, uploads: { [UPLOAD_ID]: all() } };
}

/** The Dockerfile is on standard input: it gets a folder of its own, beside an empty context where there is none. */
async function fileFromInput(
  main: BuildContext,
  stdin: AsyncIterable<Uint8Array>,
  isAlone = false,
): Promise<BuildContext> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk);
  const folder = mkdtempSync(join(tmpdir(), 'gantry-build-'));
  const [own, context] = [join(folder, 'dockerfile'), join(folder, 'context')];
  for (const each of [own, context]) mkdirSync(each);
  writeFileSync(join(own, 'Dockerfile'), Buffer.concat(chunks));
  const isRemote = main.attrs['context'] !== undefined;
  return {
    ...main,
    attrs: { ...main.attrs, filename: 'Dockerfile', ...(isRemote ? { dockerfilekey: 'dockerfile' } : {}) },
    directories: { ...main.directories, ...(isAlone ? { context } : {}), dockerfile: own },
    dockerfile: 'Dockerfile',
    temporary: folder,
  };
}

function namedContexts(given: readonly string[]): Pick<BuildContext, 'attrs' | 'directories' | 'stores'> {
  const attrs: Record<string, string> = {};
  const directories: Record<string, string> = {};
  const stores: Record<string, LayoutStore> = {};
  for (const each of given) {
    const [name, value] = cut(each, '=');
    if (value === undefined || name === '') throw new CliError(1, `invalid context value: ${each}, expected key=value`);
    if (/^(?:docker-image:\/\/|target:|input:)/.test(value) || REMOTE.test(value)) attrs[`context:${name}`] = value;
    else if (value.startsWith(LAYOUT)) {
      const { path, reference } = layoutContext(value);
      const store = `layout-${Object.keys(stores).length}`;
      stores[`oci:${store}`] = { path, isWritable: false };
      attrs[`context:${name}`] = `${LAYOUT}${store}${reference}`;
    } else {
      const path = resolve(value);
      if (!existsSync(path))
        throw new CliError(
          1,
          `ERROR: failed to build: failed to get build context path {${value} <nil>}: stat ${path}: no such file or directory`,
        );
      attrs[`context:${name}`] = `local:${name}`;
      directories[name] = path;
    }
  }
  return { attrs, directories, stores };
}

/** Reads `oci-layout://DIR[:TAG][@DIGEST]`: the folder, and what of it is meant. The tag is `latest` by default. @throws CliError */
function layoutContext(value: string): { readonly path: string; readonly reference: string } {
  const [place, given] = cut(value.slice(LAYOUT.length), '@');
  const [folder, tag = 'latest'] = cut(place, ':');
  const path = resolve(folder);
  const problem = `ERROR: failed to build: oci-layout reference "${value}" could not be resolved`;
  let digest = given;
  try {
    digest ??= digestInIndex(path, tag);
  } catch (error) {
    throw new CliError(1, `${problem}: ${messageOf(error)}`);
  }
  if (digest === undefined) throw new CliError(1, `${problem}: failed to resolve digest`);
  return { path, reference: `:${tag}@${digest}` };
}

const EMPTY: BuildContext = {
  attrs: { filename: 'Dockerfile' },
  directories: {},
  uploads: {},
  stores: {},
  sharedKey: '',
  dockerfile: 'Dockerfile',
  temporary: undefined,
};

/** Equal for the same folder of the same machine. */
function sharedKey(root: string): string {
  const hash = createHash('sha256').update(`${hostname()}:${process.getuid?.()}:${root}`).digest('hex');
  return `${basename(root)}:${hash}`;
}

const MAGIC = ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'].map((hex) => Buffer.from(hex, 'hex'));

function isArchive(head: Buffer): boolean {
  return (
    MAGIC.some((magic) => head.subarray(0, magic.length).equals(magic)) || head.toString('latin1', 257, 262) === 'ustar'
  );
}
