import assert from 'node:assert/strict';
import type { TestEngine } from './engine.ts';

/** The output of `gantry system check --format json`. */
export interface CheckReport {
  readonly Sound: boolean;
  readonly Checked: Readonly<Record<'Blobs' | 'Bytes' | 'Images' | 'Layers' | 'Containers' | 'Volumes', number>>;
  readonly Findings: readonly {
    readonly Kind: string;
    readonly Subject: string;
    readonly Problem: string;
    readonly Advice: string;
    readonly Repaired?: string;
    readonly Remains: boolean;
  }[];
}

export async function checkReport(
  engine: TestEngine,
  flags: readonly string[] = [],
): Promise<{ readonly report: CheckReport; readonly code: number }> {
  const { stdout, stderr, code } = await engine.gantry(['system', 'check', '--format', 'json', ...flags]);
  assert.ok(stdout.startsWith('{'), `no report: ${stderr}`);
  return { report: JSON.parse(stdout) as CheckReport, code };
}

/** Asserts that the engine's data root has no problem. */
export async function isSound(engine: TestEngine): Promise<CheckReport> {
  const { report, code } = await checkReport(engine);
  assert.deepEqual(report.Findings, []);
  assert.equal(code, 0);
  return report;
}

/** The same through the API, which is faster. */
export async function findingsOf(engine: TestEngine): Promise<CheckReport['Findings']> {
  const { status, body } = await engine.api('POST', '/gantry/system/check');
  const last = JSON.parse(body.trimEnd().split('\n').at(-1) ?? '') as { readonly aux?: CheckReport };
  assert.ok(status === 200 && last.aux !== undefined, body);
  return last.aux.Findings;
}
