import { EngineError, invalid } from '../../base/errors.ts';
import type { ExecOp, FileAction, FileOp, Op } from '../../grpc/messages/pb.ts';

const NONE = -1;

/**
 * Checks the indexes within an op, and returns its number of outputs.
 * @throws EngineError invalid; notImplemented for an op that the builder does not have
 */
export function checkOp(op: Op): number {
  const inputs = op.inputs.length;
  if (op.exec !== undefined) return checkExec(op.exec, inputs);
  if (op.file !== undefined) return checkFile(op.file, inputs);
  if (op.source !== undefined) {
    if (inputs > 0) throw invalid('a source op has inputs');
    return 1;
  }
  if (op.merge !== undefined) {
    for (const each of op.merge.inputs) checkIndex(each?.input ?? NONE, inputs, 0);
    return 1;
  }
  if (op.diff !== undefined) {
    checkIndex(op.diff.lower?.input ?? NONE, inputs);
    checkIndex(op.diff.upper?.input ?? NONE, inputs);
    return 1;
  }
  if (op.build !== undefined) throw new EngineError('notImplemented', 'build ops are not supported');
  if (op.passthrough !== undefined) throw new EngineError('notImplemented', 'passthrough ops are not supported');
  throw invalid('op of an unknown type');
}

function checkExec({ mounts, meta }: ExecOp, inputs: number): number {
  if (meta === undefined || meta.args.length === 0) throw invalid('an exec op has no arguments');
  const outputs = new Set<number>();
  for (const mount of mounts) {
    if (mount === undefined) throw invalid('an exec op has an empty mount');
    checkIndex(mount.input, inputs);
    if (mount.output === NONE || mount.mountType !== 0) continue;
    checkIndex(mount.output, mounts.length, 0);
    if (outputs.has(mount.output)) throw invalid(`output ${mount.output} of an exec op is set twice`);
    outputs.add(mount.output);
  }
  return checkDense(outputs);
}

/** The inputs of an action are those of the op, and then the results of the actions before. */
function checkFile({ actions }: FileOp, inputs: number): number {
  if (actions.length === 0) throw invalid('a file op has no actions');
  const outputs = new Set<number>();
  for (const [index, action] of actions.entries()) {
    if (action === undefined) throw invalid('a file op has an empty action');
    checkAction(action, inputs + index);
    if (action.output === NONE) continue;
    checkIndex(action.output, actions.length, 0);
    if (outputs.has(action.output)) throw invalid(`output ${action.output} of a file op is set twice`);
    outputs.add(action.output);
  }
  return checkDense(outputs);
}

function checkAction(action: FileAction, known: number): void {
  checkIndex(action.input, known);
  checkIndex(action.secondaryInput, known);
  const { copy, mkfile, mkdir, rm, symlink } = action;
  if ((copy ?? mkfile ?? mkdir ?? rm ?? symlink) === undefined) throw invalid('a file op has an unknown action');
  const { owner } = copy ?? mkfile ?? mkdir ?? symlink ?? {};
  for (const user of [owner?.user, owner?.group]) {
    if (user?.byName !== undefined) checkIndex(user.byName.input, known);
  }
}

function checkIndex(index: number, count: number, min = NONE): void {
  if (index < min || index >= count) throw invalid(`an op has no input or output ${index}`);
}

function checkDense(outputs: ReadonlySet<number>): number {
  for (let index = 0; index < outputs.size; index++) {
    if (!outputs.has(index)) throw invalid(`an op has no output ${index}`);
  }
  return outputs.size;
}
