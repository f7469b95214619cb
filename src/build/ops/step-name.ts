import type { Op } from '../../grpc/messages/pb.ts';
import type { LlbNode } from '../llb/graph.ts';

/** What a step is, for people: as the frontend names it, else by its op. */
export function stepName({ op, metadata }: LlbNode): string {
  return metadata.description.get('llb.customname') ?? nameOf(op);
}

function nameOf({ source, exec, file, merge, diff }: Op): string {
  if (source !== undefined) return source.identifier;
  if (exec !== undefined) return exec.meta?.args.join(' ') ?? '';
  if (file !== undefined) return file.actions.map((action) => actionName(action)).join(', ');
  if (merge !== undefined) return 'merge';
  return diff === undefined ? 'unknown op' : 'diff';
}

function actionName(action: NonNullable<Op['file']>['actions'][number]): string {
  const { copy, mkfile, mkdir, rm, symlink } = action;
  if (copy !== undefined) return `copy ${copy.src} ${copy.dest}`;
  if (mkfile !== undefined) return `mkfile ${mkfile.path}`;
  if (mkdir !== undefined) return `mkdir ${mkdir.path}`;
  if (rm !== undefined) return `rm ${rm.path}`;
  return `symlink ${symlink?.newpath ?? ''}`;
}
