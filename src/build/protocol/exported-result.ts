import * as z from 'zod/mini';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError } from '../../base/errors.ts';
import { formatPlatform, normalisePlatform, type Platform } from '../../spec/index.ts';
import type { ExportedAttestation, ExportedPlatform, ExportedResult } from '../exporters/index.ts';
import type { FrontendAttestation } from '../frontend/index.ts';
import type { LlbEdge } from '../llb/index.ts';
import type { BuildRun } from '../runs/index.ts';
import type { GatewayResult } from './gateway.ts';

const CONFIG = 'containerimage.config';
const PLATFORMS = 'refs.platforms';

const platformList = z.object({
  Platforms: z.array(
    z.object({
      ID: z.string(),
      Platform: z.object({
        os: z.string(),
        architecture: z.string(),
        variant: z.optional(z.string()),
        'os.version': z.optional(z.string()),
      }),
    }),
  ),
});
const configPlatform = z.object({
  os: z.optional(z.string()),
  architecture: z.optional(z.string()),
  variant: z.optional(z.string()),
});

/** A result of a frontend that is made, with what the frontend says about it. */
export interface MadeResult {
  readonly edge: LlbEdge | undefined;
  /** Such as `linux/amd64`. */
  readonly platform: string;
  readonly given: readonly FrontendAttestation[];
}

/** Says what an image tells about its result, once that is made. */
export type Attest = (made: MadeResult) => Promise<readonly ExportedAttestation[]>;

/** Makes everything that a build returned. @throws GrpcError for failed steps; EngineError invalid for metadata */
export async function exportedResult(
  run: BuildRun,
  result: GatewayResult,
  { host, attest }: { readonly host: Platform; readonly attest: Attest },
): Promise<ExportedResult> {
  const { refs, metadata, isMultiple, attestations } = result;
  const platforms = platformsOf(metadata);
  const made = refs.map(async ({ id, edge }): Promise<ExportedPlatform> => {
    const tree = await run.tree(edge);
    const config = metadata.get(isMultiple ? `${CONFIG}/${id}` : CONFIG) ?? metadata.get(CONFIG);
    const listed = isMultiple ? platforms.get(id) : [...platforms.values()][0];
    const platform = listed ?? platformOfConfig(config) ?? host;
    const name = isMultiple ? id : formatPlatform(platform);
    const given = attestations?.get(name) ?? attestations?.get(id) ?? [];
    return { id: name, platform, tree, config, attestations: await attest({ edge, platform: name, given }) };
  });
  return { platforms: await Promise.all(made), isMultiple, metadata };
}

function platformsOf(metadata: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Platform> {
  const bytes = metadata.get(PLATFORMS);
  if (bytes === undefined) return new Map();
  const { Platforms } = parsed(platformList, bytes, PLATFORMS);
  return new Map(Platforms.map(({ ID, Platform: given }) => [ID, present(given)]));
}

function platformOfConfig(config: Uint8Array | undefined): Platform | undefined {
  if (config === undefined) return undefined;
  const { os, architecture, variant } = parsed(configPlatform, config, CONFIG);
  return os && architecture ? normalisePlatform(present({ os, architecture, variant })) : undefined;
}

function present(given: {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly 'os.version'?: string | undefined;
}): Platform {
  const { os, architecture, variant } = given;
  const version = given['os.version'];
  return { os, architecture, ...(variant ? { variant } : {}), ...(version ? { 'os.version': version } : {}) };
}

function parsed<T>(schema: z.ZodMiniType<T>, bytes: Uint8Array, name: string): T {
  try {
    return z.parse(schema, parseBoundedJson(bytes));
  } catch (error) {
    throw new EngineError('invalid', `the build's metadata ${name} is malformed`, { cause: error });
  }
}
