import { posix } from 'node:path';
import { EngineError, messageOf } from '../../../base/errors.ts';
import type { FileOwner, RootFiles } from '../../../store/index.ts';
import type { AddInstruction, CopyInstruction } from '../../dockerfile/index.ts';
import type { StageState } from '../stages/stage-state.ts';
import { needsBuildKit } from '../step-error.ts';
import { addStepImage, leaseParent } from './add-image.ts';
import { ownerOf } from './chown.ts';
import { sayingInOneWord } from './command-line.ts';
import { cached } from './container-step.ts';
import type { CopySource } from './copy-source.ts';
import { copySources } from './copy-sources.ts';
import { openRoot } from './open-root.ts';
import { sourcesSum } from './sources-sum.ts';
import type { StepContext } from './step-context.ts';
import { sealLayer } from './store-layer.ts';

/** COPY and ADD: writes files over the image, and makes an image of them. @throws EngineError */
export async function copyStep(
  step: StepContext,
  state: StageState,
  copying: AddInstruction | CopyInstruction,
): Promise<StageState> {
  if (copying.mode !== '') throw needsBuildKit('chmod');
  if (copying.kind === 'copy' && copying.keepsParents) throw needsBuildKit('parents');
  const keyword = copying.kind.toUpperCase();
  await using opened = new AsyncDisposableStack();
  const sources = await copySources(step, copying, opened);
  const count = sources.reduce((sum, { files }) => sum + files.length, 0);
  const { owner, destination } = copying;
  if (count > 1 && !destination.endsWith('/')) {
    throw failure(
      `When using ${keyword} with more than one source file, the destination must be a directory and end with a /`,
    );
  }
  const sum = await sourcesSum(step.ports.snapshots.rootFiles, sources, step.signal);
  const text = `${keyword} ${owner === '' ? '' : `--chown=${owner} `}${sum} in ${destination} `;
  const containerConfig = sayingInOneWord(state.config, text);
  const known = await cached(step, state, containerConfig);
  if (known !== undefined) return known;
  await using lease = step.ports.collector.lease();
  leaseParent(state.image, lease);
  const below = state.image?.config.rootfs.diff_ids ?? [];
  await using root = await openRoot(step.ports, below);
  await copyInto(step, state, { copying, sources, root: root.path });
  const layer = await sealLayer(step.ports, root.id, { below, lease }, step.signal);
  return await addStepImage(step.ports, state, { containerConfig, container: undefined, layer });
}

interface Copy {
  readonly copying: AddInstruction | CopyInstruction;
  readonly sources: readonly CopySource[];
  readonly root: string;
}

async function copyInto(
  { ports, signal }: StepContext,
  { config }: StageState,
  { copying, sources, root }: Copy,
): Promise<void> {
  const { rootFiles } = ports.snapshots;
  const { owner: chown, destination } = copying;
  const keepsOwner = chown === '' && copying.kind === 'copy' && copying.from !== '';
  const owner = chown === '' ? { uid: 0, gid: 0 } : ownerOf(chown, root);
  const to = destination.startsWith('/') ? destination : `${config.WorkingDir || '/'}/${destination}`;
  for (const { root: source, selection, files, isDownload } of sources) {
    const request = {
      ...{ source, from: selection, target: root, to },
      ...{ copiesContent: true, makesParents: true },
      ...(keepsOwner ? {} : { owner, dropsSetIds: true }),
    };
    try {
      if (files.some(({ isDirectory }) => isDirectory)) await makePlace(rootFiles, { root, path: to, owner }, signal);
      if (copying.kind === 'add' && !isDownload)
        await rootFiles.unpack({ ...request, keepsArchiveOwner: true }, signal);
      else await rootFiles.copy(request, signal);
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind === 'cancelled' || error.kind === 'noSpace') throw error;
      throw new EngineError('failed', `failed to copy files: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** Makes the directory that directories are copied into. It is not like one of them, and those above it are root's. */
async function makePlace(
  rootFiles: Pick<RootFiles, 'makeDirectory'>,
  { root, path, owner }: { readonly root: string; readonly path: string; readonly owner: FileOwner },
  signal: AbortSignal,
): Promise<void> {
  const mode = 0o755;
  await rootFiles.makeDirectory({ root, path: posix.dirname(posix.normalize(path)), mode, makesParents: true }, signal);
  await rootFiles.makeDirectory({ root, path: posix.normalize(path), mode, owner, makesParents: true }, signal);
}

function failure(message: string): EngineError {
  return new EngineError('failed', message);
}
