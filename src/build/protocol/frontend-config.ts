import * as z from 'zod/mini';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError } from '../../base/errors.ts';
import type { Init } from '../../grpc/index.ts';
import type { workerRecord } from '../../grpc/messages/worker.ts';

/** How a frontend's image wants to be run. */
export interface FrontendConfig {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  /** What it names in its label, such as `moby.buildkit.frontend.inputs`. */
  readonly capabilities: ReadonlySet<string>;
  readonly hasNoNetwork: boolean;
}

const LABEL = 'moby.buildkit.frontend';
/** What BuildKit in Docker calls itself. */
const PRODUCT = 'moby';
const texts = z.optional(z.nullable(z.array(z.string())));

const imageConfig = z.object({
  config: z.optional(
    z.object({
      Entrypoint: texts,
      Env: texts,
      WorkingDir: z.optional(z.string()),
      Labels: z.optional(z.nullable(z.record(z.string(), z.string()))),
    }),
  ),
});

/** Reads an image's configuration: JSON. @throws EngineError invalid */
export function readFrontendConfig(bytes: Uint8Array): FrontendConfig {
  const parsed = z.safeParse(imageConfig, parseBoundedJson(bytes));
  if (!parsed.success) throw new EngineError('invalid', "the configuration of the frontend's image is malformed");
  const { Entrypoint, Env, WorkingDir, Labels } = parsed.data.config ?? {};
  const listed = (Labels?.[`${LABEL}.caps`] ?? '').split(',').map((text) => text.split('+', 1)[0] ?? '');
  return {
    args: Entrypoint ?? ['/run'],
    env: Env ?? [],
    cwd: WorkingDir || '/',
    capabilities: new Set(listed.filter((name) => name !== '')),
    hasNoNetwork: /^(?:1|t|true)$/i.test(Labels?.[`${LABEL}.network.none`] ?? ''),
  };
}

/** The environment of a frontend, by which it learns what is asked of it. */
export function frontendVariables(
  { env }: FrontendConfig,
  {
    options,
    sessionId,
    workers,
  }: {
    readonly options: ReadonlyMap<string, string>;
    readonly sessionId: string;
    readonly workers: readonly Init<typeof workerRecord>[];
  },
): readonly string[] {
  return [
    ...env,
    ...[...options].map(([key, value], at) => `BUILDKIT_FRONTEND_OPT_${at}=${key}=${value}`),
    `BUILDKIT_SESSION_ID=${sessionId}`,
    `BUILDKIT_WORKERS=${JSON.stringify(workers.map(workerJson))}`,
    `BUILDKIT_EXPORTEDPRODUCT=${PRODUCT}`,
  ];
}

function workerJson({ ID, Labels, platforms, BuildkitVersion }: Init<typeof workerRecord>): object {
  return {
    id: ID,
    labels: Object.fromEntries(Labels ?? []),
    platforms: platforms?.map((platform) => ({
      architecture: platform?.Architecture,
      os: platform?.OS,
      ...(platform?.Variant ? { variant: platform.Variant } : {}),
    })),
    buildkitVersion: BuildkitVersion,
  };
}
