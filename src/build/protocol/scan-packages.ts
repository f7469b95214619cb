import { readdir } from 'node:fs/promises';
import * as z from 'zod/mini';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError, messageOf } from '../../base/errors.ts';
import type { SbomOptions } from '../attest/index.ts';
import type { ExportedAttestation } from '../exporters/index.ts';
import { execNode, type LlbEdge, sourceNode } from '../llb/index.ts';
import { type BuildRun, readTreeFile } from '../runs/index.ts';

const SPDX = 'https://spdx.dev/Document';
const SOURCE = '/run/src/core/sbom';
const DESTINATION = '/run/out/';
/** Of one scanner. All of them are in memory until the image is written. */
const STATEMENTS_MAX = 500;
const STATEMENTS_BYTES_MAX = 64 << 20;
/** The outputs of the scanner's step are its root and the folder that it writes to. */
const DESTINATION_OUTPUT = 1;
/** A list has several objects for each package and each file of an image. */
const STATEMENT_CONTAINERS_MAX = 1_000_000;

const texts = z.optional(z.nullable(z.array(z.string())));
const scannerImage = z.object({
  config: z.optional(z.object({ Entrypoint: texts, Cmd: texts, Env: texts, WorkingDir: z.optional(z.string()) })),
});
const statement = z.object({ predicateType: z.string(), predicate: z.record(z.string(), z.unknown()) });

export interface Scanned {
  readonly edge: LlbEdge | undefined;
  /** For people, such as `linux/amd64`. */
  readonly platform: string;
}

/**
 * Lets a scanner's image list the packages of a result, by BuildKit's protocol of scanners: a step sees the files, and writes
 * in-toto statements. @throws GrpcError when it fails; EngineError for a scanner that is not there, and for other statements
 */
export async function scanPackages(
  run: BuildRun,
  { edge, platform }: Scanned,
  options: SbomOptions,
): Promise<readonly ExportedAttestation[]> {
  const { generator } = options;
  const { ref, args, env, cwd } = await resolveScanner(run, options);
  const variables = [...env, `BUILDKIT_SCAN_DESTINATION=${DESTINATION}`, `BUILDKIT_SCAN_SOURCE=${SOURCE}`];
  const name = `[${platform}] generating sbom using ${generator}`;
  const node = execNode({
    root: { node: sourceNode({ identifier: `docker-image://${ref}` }), output: 0 },
    meta: { args, env: variables, cwd },
    mounts: [
      { target: DESTINATION },
      { target: SOURCE, source: edge, isReadOnly: true },
      { target: '/tmp', tmpfs: { sizeBytes: 0 } },
    ],
    metadata: { description: new Map([['llb.customname', name]]) },
  });
  return await run.withTree({ node, output: DESTINATION_OUTPUT }, (folder) => readStatements(folder, generator));
}

async function resolveScanner(run: BuildRun, { generator, isDefault }: SbomOptions) {
  const logName = `resolve image config for docker-image://${generator}`;
  const request = { ref: generator, platform: undefined, mode: 'local', logName } as const;
  const found = await run.resolveImage(request, run.signal).catch((error: unknown) => {
    if (!(error instanceof EngineError) || error.kind === 'cancelled') throw error;
    const hint = isDefault ? ' (--attest type=sbom,generator=IMAGE names another scanner)' : '';
    const message = `failed to load the scanner ${generator}: ${error.message}${hint}`;
    throw new EngineError(error.kind, message, { cause: error });
  });
  const parsed = z.safeParse(scannerImage, parseBoundedJson(found.config));
  const { Entrypoint, Cmd, Env, WorkingDir } = (parsed.success ? parsed.data.config : undefined) ?? {};
  const args = [...(Entrypoint ?? []), ...(Cmd ?? [])];
  if (args.length === 0) throw new EngineError('invalid', `scanner ${generator} does not have cmd`);
  return { ref: found.ref, args, env: Env ?? [], cwd: WorkingDir || '/' };
}

async function readStatements(folder: string, generator: string): Promise<readonly ExportedAttestation[]> {
  const made: ExportedAttestation[] = [];
  const names = (await readdir(folder)).toSorted();
  if (names.length > STATEMENTS_MAX) throw tooMuch(generator, `${STATEMENTS_MAX} statements`);
  let sizeBytes = 0;
  for (const fileName of names) {
    const bytes = await readTreeFile(folder, fileName, { offset: 0, length: 0 });
    sizeBytes += bytes.length;
    if (sizeBytes > STATEMENTS_BYTES_MAX) throw tooMuch(generator, `${STATEMENTS_BYTES_MAX >> 20} MiB`);
    made.push({ ...readStatement(bytes, fileName), fileName, isInlineOnly: false });
  }
  if (made.length === 0) throw new EngineError('invalid', `scanner ${generator} has written no statement`);
  return made;
}

function tooMuch(generator: string, most: string): EngineError {
  return new EngineError('tooLarge', `scanner ${generator} has written more than ${most}`);
}

function readStatement(bytes: Buffer, name: string): Pick<ExportedAttestation, 'predicateType' | 'predicate'> {
  let found: z.infer<typeof statement>;
  try {
    found = z.parse(statement, parseBoundedJson(bytes, { containersMax: STATEMENT_CONTAINERS_MAX }));
  } catch (error) {
    throw new EngineError('invalid', `cannot decode in-toto statement ${name}: ${messageOf(error)}`, { cause: error });
  }
  if (found.predicateType !== SPDX) {
    throw new EngineError(
      'invalid',
      `bundle entry ${found.predicateType} does not match required predicate type ${SPDX}`,
    );
  }
  return found;
}
