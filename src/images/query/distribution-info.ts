import { createHash } from 'node:crypto';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError, invalid } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import type { Credentials } from '../../distribution/index.ts';
import { type Descriptor, type Platform, parseIndex, parseReference, withDefaultTag } from '../../spec/index.ts';
import type { ImagesDeps } from '../model/deps.ts';

/** The response to `GET /distribution/{name}/json`. */
export interface DistributionInfo {
  readonly Descriptor: Descriptor;
  readonly Platforms: readonly Platform[];
}

const CONFIG_BYTES_MAX = 8 << 20;

/** Describes the target of a name at its registry, with its platforms. Stores nothing. @throws EngineError */
export async function distributionInfo(
  { registries }: Pick<ImagesDeps, 'registries'>,
  ref: string,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<DistributionInfo> {
  if (/^[0-9a-f]{64}$/.test(ref)) throw invalid('no manifest found for full image ID');
  const reference = withDefaultTag(parseReference(ref));
  const repository = registries.repository(reference.domain, reference.path, credentials);
  const { descriptor, bytes } = await repository.manifest(reference.digest ?? reference.tag ?? '', signal);
  const json = parseBoundedJson(bytes);
  return { Descriptor: descriptor, Platforms: await platformsOf(json) };

  async function platformsOf(json: unknown): Promise<readonly Platform[]> {
    if (!isObject(json)) return [];
    if ('manifests' in json) return parseIndex(json).manifests.flatMap(({ platform }) => platform ?? []);
    const config = json['config'] as Partial<Descriptor> | null | undefined;
    const { digest, size = 0 } = config ?? {};
    if (digest === undefined || size > CONFIG_BYTES_MAX) return [];
    const parts: Uint8Array[] = [];
    let offset = 0;
    const sink = {
      get offset() {
        return offset;
      },
      write: async (chunk: Uint8Array) => {
        // The chunk's memory may be reused once this resolves.
        parts.push(Uint8Array.from(chunk));
        offset += chunk.length;
      },
    };
    await repository.download({ mediaType: '', digest, size }, sink, signal);
    const bytes = Buffer.concat(parts);
    if (digest !== `sha256:${createHash('sha256').update(bytes).digest('hex')}`) {
      throw new EngineError('invalid', `the registry sent another config than ${digest}`);
    }
    return platformOfConfig(bytes);
  }
}

function platformOfConfig(bytes: Buffer): readonly Platform[] {
  const { os, architecture, variant } = parseBoundedJson(bytes) as Partial<Platform>;
  if (typeof os !== 'string' || typeof architecture !== 'string') return [];
  return [{ architecture, os, ...(typeof variant === 'string' && variant !== '' ? { variant } : {}) }];
}
