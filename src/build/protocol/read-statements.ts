import { posix } from 'node:path';
import * as z from 'zod/mini';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError, invalid, messageOf } from '../../base/errors.ts';
import type { StatementSubject } from '../attest/index.ts';
import type { ExportedAttestation } from '../exporters/index.ts';
import type { FrontendAttestation } from '../frontend/index.ts';
import { type BuildRun, readTreeDirectory, readTreeFile } from '../runs/index.ts';

/** Of one platform. All of them are in memory until the image is written. */
const STATEMENTS_MAX = 500;
const STATEMENTS_BYTES_MAX = 64 << 20;
/** A list has several objects for each package and each file of an image. */
const STATEMENT_CONTAINERS_MAX = 1_000_000;
/** Only the engine says how a result came to be. */
const PROVENANCE = 'https://slsa.dev/provenance/';

const statement = z.object({
  predicateType: z.string(),
  predicate: z.optional(z.unknown()),
  subject: z.optional(
    z.nullable(
      z.array(
        z.object({
          name: z.optional(z.string()),
          digest: z.optional(z.nullable(z.record(z.string(), z.string()))),
        }),
      ),
    ),
  ),
});

/** What may still be read. */
interface Budget {
  statements: number;
  bytes: number;
}

/**
 * Makes the steps that statements of a frontend come from, and reads them: those of a bundle one by one. The list of packages of
 * the result itself comes first. @throws GrpcError when a step fails; EngineError for what is no statement, and for too many
 */
export async function readStatements(
  run: BuildRun,
  given: readonly FrontendAttestation[],
): Promise<readonly ExportedAttestation[]> {
  const budget: Budget = { statements: STATEMENTS_MAX, bytes: STATEMENTS_BYTES_MAX };
  const read: { readonly made: ExportedAttestation; readonly isCore: boolean }[] = [];
  for (const from of given) {
    const core = from.metadata.get('sbom-core');
    for (const { path, made } of await statementsOf(run, from, budget)) {
      read.push({ made, isCore: core !== undefined && path.split('.', 1)[0] === Buffer.from(core).toString() });
    }
  }
  return [...read.filter(({ isCore }) => isCore), ...read.filter(({ isCore }) => !isCore)].map(({ made }) => made);
}

interface ReadStatement {
  readonly path: string;
  readonly made: ExportedAttestation;
}

async function statementsOf(
  run: BuildRun,
  from: FrontendAttestation,
  budget: Budget,
): Promise<readonly ReadStatement[]> {
  const { kind, edge, path, predicateType, subjects, metadata } = from;
  const inlineOnly = metadata.get('inline-only');
  const isInlineOnly = inlineOnly !== undefined && Buffer.from(inlineOnly).toString() === 'true';
  if (kind === 'inToto') {
    if (path === '') throw invalid('attestation does not have set path');
    if (edge === undefined) throw invalid('attestation does not have available content');
    if (predicateType.startsWith(PROVENANCE)) throw invalid('frontend may not set provenance attestations');
    return await run.withTree(edge, async (root) => {
      const predicate = parsed(await readLimited(root, path, budget), path);
      return [{ path, made: { predicateType, predicate, subjects, fileName: posix.basename(path), isInlineOnly } }];
    });
  }
  if (edge === undefined) throw invalid('no ref provided for attestation bundle');
  return await run.withTree(edge, async (root) => {
    const entries = await readTreeDirectory(root, path);
    if (entries.length > budget.statements) throw tooMany();
    const made: ReadStatement[] = [];
    for (const { name: fileName } of entries) {
      const at = posix.join(path, fileName);
      const found = readBundled(await readLimited(root, at, budget), { path: at, predicateType });
      made.push({ path: at, made: { ...found, fileName, isInlineOnly } });
    }
    return made;
  });
}

async function readLimited(root: string, path: string, budget: Budget): Promise<Buffer> {
  budget.statements -= 1;
  if (budget.statements < 0) throw tooMany();
  const bytes = await readTreeFile(root, path, { offset: 0, length: 0 });
  budget.bytes -= bytes.length;
  if (budget.bytes < 0) throw tooMuch(`${STATEMENTS_BYTES_MAX >> 20} MiB`);
  return bytes;
}

function tooMany(): EngineError {
  return tooMuch(`${STATEMENTS_MAX} statements`);
}

function tooMuch(most: string): EngineError {
  return new EngineError('tooLarge', `the attestations of a result have more than ${most}`);
}

function readBundled(
  bytes: Buffer,
  { path, predicateType }: { readonly path: string; readonly predicateType: string },
): Pick<ExportedAttestation, 'predicateType' | 'predicate' | 'subjects'> {
  const found = z.safeParse(statement, parsed(bytes, path));
  if (!found.success)
    throw invalid(`cannot decode in-toto statement ${path}: it has no predicateType, or wrong subjects`);
  const { predicateType: type, predicate = null, subject } = found.data;
  if (predicateType !== '' && type !== predicateType) {
    throw invalid(`bundle entry ${type} does not match required predicate type ${predicateType}`);
  }
  if (type.startsWith(PROVENANCE)) throw invalid('frontend may not bundle provenance attestations');
  const subjects = (subject ?? []).map(
    ({ name = '', digest }): StatementSubject => ({
      kind: 'raw',
      name,
      digests: Object.entries(digest ?? {}).map(([algorithm, hex]) => `${algorithm}:${hex}`),
    }),
  );
  return { predicateType: type, predicate, subjects };
}

function parsed(bytes: Buffer, path: string): unknown {
  try {
    return parseBoundedJson(bytes, { containersMax: STATEMENT_CONTAINERS_MAX });
  } catch (error) {
    throw new EngineError('invalid', `cannot decode in-toto statement ${path}: ${messageOf(error)}`, { cause: error });
  }
}
