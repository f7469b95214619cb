import { setTimeout as delay } from 'node:timers/promises';
import { conflict, messageOf } from '../../base/errors.ts';
import type { StateDb } from '../db/index.ts';
import type { Finding, FindingKind } from '../finding.ts';
import { createTreePool } from '../snapshots/worker/tree-pool.ts';
import { type AuditImagesDeps, auditImages } from './audit-images.ts';
import { auditObjects, type EngineObjects } from './audit-objects.ts';
import { auditQuarantine } from './audit-quarantine.ts';
import { verifyBlobs } from './verify-blobs.ts';

export interface CheckDeps extends AuditImagesDeps {
  readonly db: Pick<StateDb, 'check'>;
  readonly objects: EngineObjects;
  auditSnapshots(): readonly Finding[];
  /** The findings of other owners of blobs. */
  auditGcRoots?(): readonly Finding[];
  /** Resolves when deleted content is off the disk. */
  swept(): Promise<void>;
  /**
   * Delay between the two audits. It must be longer than any operation that is not marked as under way. Default one
   * second.
   */
  readonly recheckDelayMs?: number;
}

export interface CheckReport {
  readonly blobs: number;
  readonly bytes: number;
  readonly images: number;
  readonly layers: number;
  readonly containers: number;
  readonly volumes: number;
  readonly findings: readonly ReportedFinding[];
}

export interface ReportedFinding {
  readonly kind: FindingKind;
  readonly subject: string;
  readonly problem: string;
  readonly advice: string;
  /** What the repair did. */
  readonly repaired?: string;
  /** Whether the problem persists. */
  readonly remains: boolean;
}

/**
 * Verifies everything below the data root while the engine works. It holds no lock. It audits twice and reports only
 * what both audits find, so that work in progress is not reported.
 */
export interface StoreCheck {
  /** @throws EngineError conflict while another check runs; cancelled */
  run(
    options: { readonly repair: boolean },
    onProgress: (currentBytes: number, totalBytes: number) => void,
    signal: AbortSignal,
  ): Promise<CheckReport>;
}

const RECHECK_DELAY_MS = 1000;
/** Longest wait for the sweep. A busy engine may never have an empty trash. */
const SWEPT_MS_MAX = 60_000;

export function createStoreCheck(deps: CheckDeps): StoreCheck {
  let isRunning = false;
  return {
    async run(options, onProgress, signal) {
      if (isRunning) throw conflict('a check is running already');
      isRunning = true;
      try {
        return await check(deps, options, { onProgress, signal });
      } finally {
        isRunning = false;
      }
    },
  };
}

async function check(
  deps: CheckDeps,
  { repair }: { readonly repair: boolean },
  call: { readonly onProgress: (current: number, total: number) => void; readonly signal: AbortSignal },
): Promise<CheckReport> {
  await swept(deps);
  const first = audit(deps);
  await using pool = createTreePool();
  const verified = await verifyBlobs({ ...deps, pool }, call.onProgress, call.signal);
  const lasting = first.length === 0 ? [] : await lookAgain(deps, first);
  call.signal.throwIfAborted();
  const findings = [...verified.findings, ...lasting];
  return {
    blobs: verified.blobs,
    bytes: verified.bytes,
    images: deps.images.list().length,
    layers: deps.snapshots.layers().length,
    containers: deps.objects.containers().length,
    volumes: deps.objects.volumes().length,
    findings: repair ? await repairAll(deps, findings) : findings.map((finding) => reported(finding)),
  };
}

/** Audits everything but the bytes of blobs, at one moment. */
function audit(deps: CheckDeps): Finding[] {
  return [
    ...deps.db.check().map(
      (problem): Finding => ({
        kind: 'database-damaged',
        subject: 'state.db',
        problem,
        advice: 'stop the engine, and restore state.db from a copy',
      }),
    ),
    ...auditImages(deps),
    ...deps.images.audit(),
    ...deps.content.audit(),
    ...auditQuarantine(deps),
    ...deps.auditSnapshots(),
    ...(deps.auditGcRoots?.() ?? []),
    ...auditObjects(deps.objects, deps.snapshots),
  ];
}

/** Audits again, and returns the findings of the first audit that still hold. */
async function lookAgain(deps: CheckDeps, first: readonly Finding[]): Promise<Finding[]> {
  await Promise.all([swept(deps), delay(deps.recheckDelayMs ?? RECHECK_DELAY_MS)]);
  const before = new Set(first.map(identity));
  return audit(deps).filter((finding) => before.has(identity(finding)));
}

async function swept(deps: CheckDeps): Promise<void> {
  await Promise.race([deps.swept(), delay(SWEPT_MS_MAX, undefined, { ref: false })]);
}

function identity({ kind, subject }: Finding): string {
  return `${kind} ${subject}`;
}

async function repairAll(deps: CheckDeps, findings: readonly Finding[]): Promise<ReportedFinding[]> {
  const results: ReportedFinding[] = [];
  for (const finding of findings) results.push(await repairOne(finding));
  // Layers whose broken trees the repair has just dropped.
  const known = new Set(findings.map(identity));
  for (const finding of auditImages(deps)) {
    if (finding.kind === 'layer-missing' && !known.has(identity(finding))) results.push(await repairOne(finding));
  }
  return results;
}

async function repairOne(finding: Finding): Promise<ReportedFinding> {
  const plain = reported(finding);
  try {
    const repair = await finding.repair?.();
    return repair === undefined ? plain : { ...plain, repaired: repair.done, remains: !repair.isWhole };
  } catch (error) {
    return { ...plain, repaired: `could not be repaired: ${messageOf(error)}` };
  }
}

function reported({ kind, subject, problem, advice }: Finding): ReportedFinding {
  return { kind, subject, problem, advice, remains: true };
}
