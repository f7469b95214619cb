import { EngineError, invalid } from '../../base/errors.ts';
import {
  canonicalString,
  familiarString,
  formatPlatform,
  type Platform,
  parseGitSource,
  parseReference,
  withDefaultTag,
} from '../../spec/index.ts';
import { gitEdge, httpEdge, type NamedContext, opPlatform } from '../dockerfile/index.ts';
import { sourceNode } from '../llb/index.ts';
import type { FrontendBridge, FrontendRequest } from './bridge.ts';
import { readOptional, rulesOf } from './build-context.ts';
import { localEdge } from './local-source.ts';
import type { DockerfileOptions } from './options.ts';

/** What {@link findContext} needs. */
export interface NamedContexts {
  readonly request: FrontendRequest;
  readonly bridge: FrontendBridge;
  readonly options: DockerfileOptions;
}

interface Wanted {
  /** As the client gave it, perhaps with a platform: `web::linux/amd64`. */
  readonly name: string;
  readonly platform: Platform;
}

/**
 * Returns the context that the client gave the name of a stage or image: `context:NAME`, or `context:NAME::PLATFORM`.
 * @throws EngineError
 */
export async function findContext(
  contexts: NamedContexts,
  name: string,
  platform: Platform,
  signal: AbortSignal,
): Promise<NamedContext | undefined> {
  const { options } = contexts.request;
  if (![...options.keys()].some((key) => key.startsWith('context:'))) return undefined;
  const plain = plainName(name);
  for (const each of [`${plain}::${formatPlatform(platform)}`, plain]) {
    const value = options.get(`context:${each}`);
    if (value === undefined) continue;
    const at = value.indexOf(':');
    if (at < 0) throw invalid(`invalid context specifier ${value} for ${each}`);
    const [kind, rest] = [value.slice(0, at), value.slice(at + 1)];
    const wanted = { name: each, platform };
    if (kind === 'docker-image') return await imageContext(contexts, rest.replace(/^\/\//, ''), wanted, signal);
    if (kind === 'oci-layout') return await layoutContext(contexts, rest.replace(/^\/\//, ''), wanted, signal);
    if (kind === 'local') return await directoryContext(contexts, rest, wanted, signal);
    if (kind === 'input') return inputContext(contexts.request, rest, wanted);
    return remoteContext(value, wanted, kind);
  }
  return undefined;
}

function plainName(name: string): string {
  try {
    return familiarString(parseReference(name)).replace(/:latest$/, '');
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw invalid(`invalid context name ${name}: ${error.message}`);
  }
}

async function imageContext(
  { bridge, options }: NamedContexts,
  given: string,
  { name, platform }: Wanted,
  signal: AbortSignal,
): Promise<NamedContext> {
  if (given === 'scratch') return { edge: () => undefined };
  const ref = canonicalString(withDefaultTag(parseReference(given)));
  const logName = `[context ${name}] load metadata for ${given}`;
  const image = await bridge.resolveImage({ ref, platform, mode: options.resolveMode, logName }, signal);
  const node = sourceNode({
    identifier: `docker-image://${image.ref}`,
    platform: opPlatform(platform),
    ...titled(`[context ${name}] ${given}`),
  });
  return { edge: () => ({ node, output: 0 }), config: image.config };
}

/** An image in a layout of the client: `STORE@sha256:…`. */
async function layoutContext(
  { bridge, options, request }: NamedContexts,
  given: string,
  { name, platform }: Wanted,
  signal: AbortSignal,
): Promise<NamedContext> {
  const reference = parseReference(given);
  if (reference.digest === undefined) throw invalid(`oci-layout reference "${given}" must have a digest`);
  const storeId = familiarString({ domain: reference.domain, path: reference.path });
  const sessionId = request.options.get(`local-sessionid:${name}`) || bridge.sessionId;
  const ref = canonicalString(reference);
  const logName = `[context ${name}] load metadata for ${given}`;
  const layout = { sessionId, storeId };
  const image = await bridge.resolveImage({ ref, platform, mode: options.resolveMode, logName, layout }, signal);
  const node = sourceNode({
    identifier: `oci-layout://${ref}`,
    attributes: { 'oci.session': sessionId, 'oci.store': storeId },
    platform: opPlatform(platform),
    ...titled(`[context ${name}] OCI load from client`),
  });
  return { edge: () => ({ node, output: 0 }), config: image.config };
}

async function directoryContext(
  { bridge, request }: NamedContexts,
  directory: string,
  { name }: Wanted,
  signal: AbortSignal,
): Promise<NamedContext> {
  const sessionId = request.options.get(`local-sessionid:${directory}`) || bridge.sessionId;
  const common = { name: directory, sessionId };
  const ignored = localEdge({
    ...common,
    sharedKeyHint: `context:${name}-.dockerignore`,
    title: `[context ${name}] load .dockerignore`,
    followPaths: ['.dockerignore'],
    isSmall: true,
  });
  const { patterns } = rulesOf(await readOptional(bridge, { edge: ignored, path: '.dockerignore' }, signal));
  return {
    edge: (followPaths) =>
      localEdge({
        ...common,
        sharedKeyHint: `context:${name}`,
        title: `[context ${name}] load from client`,
        excludePatterns: patterns,
        followPaths,
      }),
  };
}

/** A graph that the client gave, such as another target of bake. Its image comes as `input-metadata`. */
function inputContext({ options, inputs }: FrontendRequest, key: string, { name }: Wanted): NamedContext {
  const edge = inputs.get(key);
  const metadata = options.get(`input-metadata:${key}`);
  if (edge === undefined && metadata === undefined) throw invalid(`invalid input ${key} for ${name}`);
  return { edge: () => edge, config: metadata === undefined ? undefined : configOf(metadata) };
}

/** @throws EngineError invalid */
function configOf(metadata: string): Uint8Array | undefined {
  try {
    const values = JSON.parse(metadata) as Readonly<Record<string, unknown>>;
    const config = values['containerimage.config'];
    return typeof config === 'string' ? Buffer.from(config, 'base64') : undefined;
  } catch (error) {
    throw invalid('failed to unmarshal input metadata', error);
  }
}

function remoteContext(value: string, { name }: Wanted, kind: string): NamedContext {
  const git = parseGitSource(value);
  if (git !== undefined) {
    const edge = gitEdge(git, titled(`[internal] load git source ${value}`));
    return { edge: () => edge };
  }
  if (kind !== 'http' && kind !== 'https') throw invalid(`unsupported context source ${kind} for ${name}`);
  const edge = httpEdge(value, { filename: 'context' }, titled(`[context ${name}] ${value}`));
  return { edge: () => edge };
}

function titled(title: string) {
  return { metadata: { description: new Map([['llb.customname', title]]) } };
}
