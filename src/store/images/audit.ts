import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../../base/is-object.ts';
import type { Records } from '../../base/records.ts';
import type { ContentStore } from '../content/index.ts';
import { type Finding, type Repair, repaired } from '../finding.ts';
import type { Catalog, TargetRecord } from './catalog.ts';
import { layoutEntries } from './layout-index.ts';

export interface AuditRecordsDeps {
  readonly catalog: Catalog;
  readonly targets: Records<TargetRecord>;
  readonly names: Records<{ readonly name: string; readonly target: string }>;
  readonly content: Pick<ContentStore, 'root'>;
  readonly refreshIndex: () => void;
}

/** Compares the tables of state.db, memory, and index.json of the content store. */
export function auditRecords({ catalog, targets, names, content, refreshIndex }: AuditRecordsDeps): Finding[] {
  const stored = new Set(targets.all().map(({ descriptor }) => String(descriptor.digest)));
  const inMemory = new Set(catalog.targets().map(({ record }) => String(record.descriptor.digest)));
  const storedNames = new Set(names.all().map(({ name, target }) => `${name} ${target}`));
  const namesInMemory = new Set(catalog.names().map(({ name, target }) => `${name} ${target.digest}`));
  const disagree = [...differing(stored, inMemory), ...differing(storedNames, namesInMemory)];
  const findings = disagree.map((subject): Finding => {
    const problem = 'state.db and the running engine do not agree on it';
    return { kind: 'record-disagrees', subject, problem, advice: 'restart the engine, which then goes by state.db' };
  });
  if (readIndex(content.root) === JSON.stringify(layoutEntries(catalog.targets()))) return findings;
  const repair = (): Repair => {
    refreshIndex();
    return repaired('written again');
  };
  const subject = join(content.root, 'index.json');
  const problem = 'it does not list the images of state.db';
  return [...findings, { kind: 'index-stale', subject, problem, advice: 'written again', repair }];
}

function differing(a: ReadonlySet<string>, b: ReadonlySet<string>): string[] {
  return [...[...a].filter((each) => !b.has(each)), ...[...b].filter((each) => !a.has(each))];
}

/** The manifests of index.json as text. Undefined when there is no such list. */
function readIndex(root: string): string | undefined {
  try {
    const index: unknown = JSON.parse(readFileSync(join(root, 'index.json'), 'utf8'));
    return isObject(index) ? JSON.stringify(index['manifests']) : undefined;
  } catch {
    return undefined;
  }
}
