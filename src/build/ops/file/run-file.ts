import { EngineError } from '../../../base/errors.ts';
import type { FileAction } from '../../../grpc/messages/pb.ts';
import type { StepContext } from '../../solver/index.ts';
import { EMPTY_TREE, type Tree } from '../../tree.ts';
import { openTree, openTreeRoot, type RootPorts, type TreeRoot } from '../tree-root.ts';
import { FileActionError } from './action-error.ts';
import { applyAction } from './apply-action.ts';
import { ownerInputs, ownerOf, resolveOwner } from './owner.ts';

export interface FileStep {
  readonly actions: readonly FileAction[];
  /** For people. */
  readonly description: string;
}

/**
 * Applies the actions of a file op, each to an input or to the result of another action, and returns the op's outputs.
 * Actions that follow one another change one tree, and make one layer.
 * @throws FileActionError notFound, invalid, noSpace; EngineError
 */
export async function runFile(
  ports: RootPorts,
  step: FileStep,
  inputs: readonly Tree[],
  context: StepContext,
): Promise<readonly Tree[]> {
  await using opened = new AsyncDisposableStack();
  const states = new States(ports, { step, inputs, context }, opened);
  for (const [index, action] of step.actions.entries()) {
    try {
      await states.apply(action, inputs.length + index);
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind === 'cancelled') throw error;
      throw new FileActionError(index, error);
    }
  }
  const outputs: Tree[] = [];
  for (const [index, { output }] of step.actions.entries()) {
    if (output >= 0) outputs[output] = await states.tree(inputs.length + index);
  }
  return outputs;
}

interface FileRun {
  readonly step: FileStep;
  readonly inputs: readonly Tree[];
  readonly context: StepContext;
}

/** The trees of inputs, and those that actions have made: by the numbers of inputs. */
class States {
  readonly #ports: RootPorts;
  readonly #run: FileRun;
  readonly #opened: AsyncDisposableStack;
  readonly #trees = new Map<number, Tree>();
  /** Results that have not become trees yet. */
  readonly #roots = new Map<number, TreeRoot>();

  constructor(ports: RootPorts, run: FileRun, opened: AsyncDisposableStack) {
    this.#ports = ports;
    this.#run = run;
    this.#opened = opened;
    for (const [index, tree] of run.inputs.entries()) this.#trees.set(index, tree);
  }

  async apply(action: FileAction, result: number): Promise<void> {
    const { context } = this.#run;
    await using sources = new AsyncDisposableStack();
    const roots = new Map<number, string>();
    for (const input of new Set([action.secondaryInput, ...ownerInputs(action)])) {
      if (input >= 0) roots.set(input, sources.use(await openTree(this.#ports, await this.tree(input))).path);
    }
    const source = roots.get(action.secondaryInput) ?? sources.use(await openTree(this.#ports, EMPTY_TREE)).path;
    const target = await this.#begin(action.input);
    this.#roots.set(result, target);
    const asked = ownerOf(action);
    const owner = asked && resolveOwner(asked, (input) => (input === action.input ? target.path : roots.get(input)));
    const request = { action, source, target: target.path, owner };
    await applyAction(this.#ports.snapshots.rootFiles, request, context.signal);
  }

  /** Returns a tree. What an action has made becomes one. */
  async tree(index: number): Promise<Tree> {
    const root = this.#roots.get(index);
    if (root === undefined) return this.#trees.get(index) ?? EMPTY_TREE;
    const tree = await root.seal(this.#run.step, this.#run.context);
    this.#roots.delete(index);
    this.#trees.set(index, tree);
    return tree;
  }

  /** Begins to change a tree: the result of an action itself, where nothing else needs it. */
  async #begin(index: number): Promise<TreeRoot> {
    const root = this.#roots.get(index);
    if (root !== undefined && this.#usesOf(index) === 1) {
      this.#roots.delete(index);
      return root;
    }
    const tree = index < 0 ? EMPTY_TREE : await this.tree(index);
    return this.#opened.use(await openTreeRoot(this.#ports, tree, this.#run.context.signal));
  }

  #usesOf(index: number): number {
    const { step, inputs } = this.#run;
    return step.actions.reduce((uses, action, at) => {
      const used = [action.input, action.secondaryInput, ...ownerInputs(action)].filter(
        (each) => each === index,
      ).length;
      return uses + used + (inputs.length + at === index && action.output >= 0 ? 1 : 0);
    }, 0);
  }
}
