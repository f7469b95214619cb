import { EngineError, invalid } from '../../base/errors.ts';
import {
  cleanPath,
  type GitSource,
  type IgnoreRules,
  ignoreRules,
  parseGitSource,
  parseIgnoreFile,
} from '../../spec/index.ts';
import { gitEdge, httpEdge } from '../dockerfile/index.ts';
import { fileNode, type LlbEdge } from '../llb/index.ts';
import type { FrontendBridge, FrontendRequest } from './bridge.ts';
import { isArchive } from './is-archive.ts';
import { localEdge } from './local-source.ts';

/** The file that a download has. */
const DOWNLOAD = 'context';
const HEAD_BYTES = 1024;

/** Where the Dockerfile and the files of a build are. */
export interface BuildContext {
  /** The tree with the Dockerfile. */
  readonly dockerfile: LlbEdge;
  /** Where the Dockerfile is in its tree. */
  readonly filename: string;
  /** The file `.dockerignore` of the Dockerfile, or of the context. */
  ignoreFile(signal: AbortSignal): Promise<string | undefined>;
  /** The files, or what is needed of them. Undefined `paths` are all. */
  files(rules: IgnoreRules, paths: readonly string[] | undefined): LlbEdge;
}

export interface ContextInit {
  readonly request: FrontendRequest;
  readonly bridge: FrontendBridge;
  readonly filename: string;
}

/** @throws EngineError */
export async function openContext(init: ContextInit, signal: AbortSignal): Promise<BuildContext> {
  const { options, inputs } = init.request;
  const contextKey = options.get('contextkey') || 'context';
  const remote = options.get('context') ?? '';
  const given = inputs.get(contextKey);
  const whole = given ?? (await remoteContext(remote, init, signal));
  if (whole === undefined) return localContext(init, contextKey);
  const scoped = whole === 'download' ? whole : inFolder(whole, options.get('contextsubdir') ?? '');
  if (scoped === 'download') return fileAsContext(downloadOf(remote));
  const isLocal = given !== undefined || options.has('dockerfilekey');
  const dockerfile = isLocal ? localDockerfile(init).edge : scoped;
  const readIgnore = (signal: AbortSignal) =>
    readFirst(
      init.bridge,
      [
        [dockerfile, ignoreName(init.filename)],
        [scoped, '.dockerignore'],
      ],
      signal,
    );
  return { dockerfile, filename: init.filename, ignoreFile: readIgnore, files: () => scoped };
}

/** A repository or an unpacked archive. `download` is a Dockerfile alone. Undefined is the client's directory. */
async function remoteContext(
  text: string,
  { request, bridge }: ContextInit,
  signal: AbortSignal,
): Promise<LlbEdge | 'download' | undefined> {
  if (text === '') return undefined;
  const git = parseGitSource(text);
  if (git !== undefined) return gitContext(git, text, request);
  if (!/^https?:\/\//.test(text)) throw invalid(`unsupported build context ${text}`);
  const download = downloadOf(text);
  const head = await bridge.readFile({ edge: download, path: DOWNLOAD, lengthMax: HEAD_BYTES }, signal);
  return isArchive(head) ? unpacked(download, '[internal] load remote build context') : 'download';
}

function gitContext(git: GitSource, text: string, { options }: FrontendRequest): LlbEdge {
  const keeps = options.get('build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR') ?? '';
  return gitEdge(git, named(`[internal] load git source ${text}`), {
    keepsGitDirectory: keeps === '1' || keeps === 'true' || undefined,
  });
}

function downloadOf(url: string): LlbEdge {
  return httpEdge(url, { filename: DOWNLOAD }, named('[internal] load remote build context'));
}

/** The files of an archive. */
function unpacked(download: LlbEdge, title: string): LlbEdge {
  const copy = {
    src: `/${DOWNLOAD}`,
    dest: '/',
    mode: -1,
    attemptUnpackDockerCompatibility: true,
    timestamp: -1n,
  };
  return { node: fileNode({ base: undefined, changes: [{ copy, from: download }], ...named(title) }), output: 0 };
}

function fileAsContext(download: LlbEdge): BuildContext {
  return { dockerfile: download, filename: DOWNLOAD, ignoreFile: async () => undefined, files: () => download };
}

function inFolder(edge: LlbEdge, folder: string): LlbEdge {
  const path = cleanPath(`/${folder}`);
  if (path === '/') return edge;
  const copy = { src: path, dest: '/', mode: -1, dirCopyContents: true, createDestPath: true, timestamp: -1n };
  return { node: fileNode({ base: undefined, changes: [{ copy, from: edge }] }), output: 0 };
}

function localContext(init: ContextInit, name: string): BuildContext {
  const { options } = init.request;
  const sessionId = options.get(`local-sessionid:${name}`) || init.bridge.sessionId;
  const given = localDockerfile(init);
  const ignored = localEdge({
    name,
    sessionId,
    sharedKeyHint: `${name}-.dockerignore`,
    title: '[internal] load .dockerignore',
    followPaths: ['.dockerignore'],
    isSmall: true,
  });
  return {
    dockerfile: given.edge,
    filename: init.filename,
    ignoreFile: (signal) =>
      readFirst(
        init.bridge,
        [
          [given.edge, ignoreName(init.filename)],
          [ignored, '.dockerignore'],
        ],
        signal,
      ),
    files: (rules, followPaths) =>
      localEdge({
        name,
        sessionId,
        sharedKeyHint: name,
        title: '[internal] load build context',
        excludePatterns: rules.patterns,
        followPaths,
      }),
  };
}

/** The client's directory with the Dockerfile. */
function localDockerfile({ request: { options, inputs }, bridge, filename }: ContextInit): { readonly edge: LlbEdge } {
  const name = options.get('dockerfilekey') || 'dockerfile';
  const given = inputs.get(name);
  if (given !== undefined) return { edge: given };
  // Some write `dockerfile`.
  const lower = /(?:^|\/)Dockerfile$/.test(filename) ? [filename.replace(/Dockerfile$/, 'dockerfile')] : [];
  return {
    edge: localEdge({
      name,
      sessionId: options.get(`local-sessionid:${name}`) || bridge.sessionId,
      sharedKeyHint: name,
      title: `[internal] load build definition from ${filename}`,
      followPaths: [filename, ignoreName(filename), ...lower],
      isSmall: true,
    }),
  };
}

function ignoreName(filename: string): string {
  return `${filename}.dockerignore`;
}

async function readFirst(
  bridge: FrontendBridge,
  places: readonly (readonly [LlbEdge, string])[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const [edge, path] of places) {
    const text = await readOptional(bridge, { edge, path }, signal);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Reads a file that may be missing. @throws EngineError, but for notFound */
export async function readOptional(
  bridge: FrontendBridge,
  file: { readonly edge: LlbEdge; readonly path: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await bridge.readFile(file, signal)).toString();
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'notFound') return undefined;
    throw error;
  }
}

/** The rules of a `.dockerignore`, or none. @throws EngineError invalid */
export function rulesOf(text: string | undefined): IgnoreRules {
  return ignoreRules(text === undefined ? [] : parseIgnoreFile(text));
}

function named(title: string) {
  return { metadata: { description: new Map([['llb.customname', title]]) } };
}
