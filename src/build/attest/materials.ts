import { canonicalString, familiarName, formatPlatform, type Platform, parseReference } from '../../spec/index.ts';
import type { LlbNode } from '../llb/index.ts';

/** A source of a build, with the digest that tells its content. */
export interface Material {
  readonly uri: string;
  readonly digest?: Readonly<Record<string, string>>;
}

/** What the sources of a graph are. */
export interface Sources {
  readonly materials: readonly Material[];
  /** Names of directories of the client. Nothing tells their content. */
  readonly locals: readonly string[];
}

export function sourcesOf(nodes: Iterable<LlbNode>): Sources {
  const materials = new Map<string, Material>();
  const locals = new Set<string>();
  for (const { op } of nodes) {
    if (op.source === undefined) continue;
    const { identifier, attrs } = op.source;
    const [, scheme = '', name = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/s.exec(identifier) ?? [];
    if (scheme === 'local') locals.add(name);
    const platform = op.platform && {
      os: op.platform.OS,
      architecture: op.platform.Architecture,
      ...(op.platform.Variant === '' ? {} : { variant: op.platform.Variant }),
    };
    const material = materialOf(scheme, { identifier, name, attrs, platform });
    if (material !== undefined) materials.set(material.uri, material);
  }
  const sorted = [...materials.values()].toSorted((a, b) => (a.uri < b.uri ? -1 : 1));
  return { materials: sorted, locals: [...locals].toSorted() };
}

/** An image's package URL (purl, type docker). */
export function imageUrl(ref: string, platform: Platform | undefined): string {
  const reference = parseReference(ref);
  const version = reference.tag ?? reference.digest;
  const at = version === undefined ? '' : `@${encodeURIComponent(version)}`;
  const query = platform === undefined ? '' : `?platform=${encodeURIComponent(formatPlatform(platform))}`;
  const path = familiarName(reference).split('/').map(encodeURIComponent).join('/');
  return `pkg:docker/${path}${at}${query}`;
}

interface SourceParts {
  readonly identifier: string;
  readonly name: string;
  readonly attrs: ReadonlyMap<string, string>;
  readonly platform: Platform | undefined;
}

function materialOf(scheme: string, { identifier, name, attrs, platform }: SourceParts): Material | undefined {
  switch (scheme) {
    case 'docker-image':
    case 'oci-layout':
      return withDigest(imageUrl(canonicalString(parseReference(name)), platform), parseReference(name).digest);
    case 'http':
    case 'https':
      return withDigest(identifier, attrs.get('http.checksum'));
    case 'git': {
      const uri = attrs.get('git.fullurl') ?? `https://${name}`;
      const commit = attrs.get('git.checksum') ?? /#([0-9a-f]{40})$/.exec(name)?.[1];
      return commit === undefined ? { uri } : { uri, digest: { sha1: commit } };
    }
    default:
      return undefined;
  }
}

function withDigest(uri: string, digest: string | undefined): Material {
  if (digest === undefined || digest === '') return { uri };
  const [algorithm = '', hex = ''] = digest.split(':');
  return { uri, digest: { [algorithm]: hex } };
}
