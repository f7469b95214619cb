import * as z from 'zod/mini';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError, invalid } from '../../base/errors.ts';
import { canonicalString, parseReference, withDefaultTag } from '../../spec/index.ts';
import type { SbomOptions } from '../attest/index.ts';
import type { ScanTargets } from '../dockerfile/index.ts';
import { type ExecMount, execNode, type LlbEdge, sourceNode } from '../llb/index.ts';
import { type FrontendAttestation, SPDX } from './attestation.ts';
import type { FrontendBridge } from './bridge.ts';

const CORE = 'sbom';
const SOURCE = `/run/src/core/${CORE}`;
const EXTRAS = '/run/src/extras';
const DESTINATION = '/run/out/';
/** The outputs of the scanner's step are its root and the folder that it writes to. */
const DESTINATION_OUTPUT = 1;

const texts = z.optional(z.nullable(z.array(z.string())));
const scannerImage = z.object({
  config: z.optional(z.object({ Entrypoint: texts, Cmd: texts, Env: texts, WorkingDir: z.optional(z.string()) })),
});

/** One result that is scanned, with what its frontend wants to be scanned beside it. */
export interface Scanned extends ScanTargets {
  readonly edge: LlbEdge | undefined;
  /** For people, such as `linux/amd64`. */
  readonly platform: string;
}

/** Adds the step of a scanner. Nothing runs yet: what it returns names the folder that the scanner writes to. */
export type Scanner = (scanned: Scanned) => FrontendAttestation;

/**
 * Finds the image of a scanner, which lists the packages of results by BuildKit's protocol of scanners: a step sees the files,
 * and writes in-toto statements. @throws EngineError for a scanner that is not there, or has no command
 */
export async function openScanner(
  bridge: Pick<FrontendBridge, 'resolveImage'>,
  options: SbomOptions,
  signal: AbortSignal,
): Promise<Scanner> {
  const name = scannerName(options);
  const { ref, args, env, cwd } = await resolveScanner(bridge, { name, isDefault: options.isDefault }, signal);
  const parameters = [...options.parameters].map(([key, value]) => `BUILDKIT_SCAN_${key}=${value}`);
  return ({ edge, platform, extras, ignoresCache }) => {
    const targets = extras.size === 0 ? [] : [`BUILDKIT_SCAN_SOURCE_EXTRAS=${EXTRAS}`];
    const own = [`BUILDKIT_SCAN_DESTINATION=${DESTINATION}`, `BUILDKIT_SCAN_SOURCE=${SOURCE}`, ...targets];
    const node = execNode({
      root: { node: sourceNode({ identifier: `docker-image://${ref}` }), output: 0 },
      meta: { args, env: [...env, ...own, ...parameters], cwd },
      mounts: [
        { target: DESTINATION },
        { target: SOURCE, source: edge, isReadOnly: true },
        ...[...extras].map(
          ([extra, source]): ExecMount => ({ target: `${EXTRAS}/${CORE}-${extra}`, source, isReadOnly: true }),
        ),
        { target: '/tmp', tmpfs: { sizeBytes: 0 } },
      ],
      metadata: {
        description: new Map([['llb.customname', `[${platform}] generating sbom using ${name}`]]),
        ignore_cache: ignoresCache,
      },
    });
    return {
      kind: 'bundle',
      edge: { node, output: DESTINATION_OUTPUT },
      path: '',
      predicateType: SPDX,
      subjects: [],
      metadata: new Map([
        ['reason', Buffer.from('sbom')],
        ['sbom-core', Buffer.from(CORE)],
      ]),
    };
  };
}

function scannerName({ generator }: SbomOptions): string {
  try {
    return canonicalString(withDefaultTag(parseReference(generator)));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw invalid(`failed to parse sbom generator ${generator}: ${error.message}`);
  }
}

async function resolveScanner(
  bridge: Pick<FrontendBridge, 'resolveImage'>,
  { name, isDefault }: { readonly name: string; readonly isDefault: boolean },
  signal: AbortSignal,
) {
  const logName = `resolve image config for docker-image://${name}`;
  const request = { ref: name, platform: undefined, mode: 'local', logName } as const;
  const found = await bridge.resolveImage(request, signal).catch((error: unknown) => {
    if (!(error instanceof EngineError) || error.kind === 'cancelled') throw error;
    const hint = isDefault ? ' (--attest type=sbom,generator=IMAGE names another scanner)' : '';
    const message = `failed to load the scanner ${name}: ${error.message}${hint}`;
    throw new EngineError(error.kind, message, { cause: error });
  });
  const parsed = z.safeParse(scannerImage, parseBoundedJson(found.config));
  const { Entrypoint, Cmd, Env, WorkingDir } = (parsed.success ? parsed.data.config : undefined) ?? {};
  const args = [...(Entrypoint ?? []), ...(Cmd ?? [])];
  if (args.length === 0) throw invalid(`scanner ${name} does not have cmd`);
  return { ref: found.ref, args, env: Env ?? [], cwd: WorkingDir || '/' };
}
