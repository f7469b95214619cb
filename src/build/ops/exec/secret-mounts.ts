import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../../base/errors.ts';
import type { ExecOp } from '../../../grpc/messages/pb.ts';
import { detachMount, MS, mount } from '../../../linux/index.ts';
import type { StepContext } from '../../solver/index.ts';
import type { OpDeps } from '../op-deps.ts';
import { askSessions } from '../sources/index.ts';
import type { StepFolder } from './step-files.ts';

/** A file that only its owner reads. */
export interface StepFile {
  readonly bytes: Uint8Array;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Returns a secret of a client. Undefined where no client has an optional one. @throws EngineError notFound */
export async function findSecret(
  deps: OpDeps,
  { id, isOptional }: { readonly id: string; readonly isOptional: boolean },
  context: StepContext,
): Promise<Buffer | undefined> {
  const found = await askSessions(deps, context, (session) => session.secret(id, context.signal));
  if (found === undefined && !isOptional) throw new EngineError('notFound', `secret ${id}: not found`);
  return found;
}

/** Returns the variables of a step that are secrets. @throws EngineError notFound */
export async function secretVariables(
  deps: OpDeps,
  secrets: ExecOp['secretenv'],
  context: StepContext,
): Promise<readonly string[]> {
  const variables: string[] = [];
  for (const { ID: id, name, optional } of secrets) {
    const value = await findSecret(deps, { id, isOptional: optional }, context);
    if (value !== undefined) variables.push(`${name}=${value.toString('utf8')}`);
  }
  return variables;
}

/** Keeps secrets of a step in memory: in a tmpfs of its own, which goes with the step's folder. */
export class SecretFiles {
  readonly #folder: StepFolder;
  #path: string | undefined;
  #count = 0;

  constructor(folder: StepFolder) {
    this.#folder = folder;
  }

  /** Returns the path of a new file. */
  write({ bytes, uid, gid, mode }: StepFile): string {
    const path = join(this.#open(), String(this.#count++));
    writeFileSync(path, bytes, { mode: 0o600 });
    chownSync(path, uid, gid);
    chmodSync(path, mode & 0o777);
    return path;
  }

  #open(): string {
    if (this.#path !== undefined) return this.#path;
    const path = join(this.#folder.path, 'secrets');
    mkdirSync(path, { mode: 0o700 });
    const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC;
    mount({ source: 'tmpfs', target: path, type: 'tmpfs', flags, data: 'mode=0700' });
    this.#folder.defer(() => void detachMount(path));
    this.#path = path;
    return path;
  }
}
