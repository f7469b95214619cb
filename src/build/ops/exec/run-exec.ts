import { EngineError, messageOf } from '../../../base/errors.ts';
import { newObjectId } from '../../../base/ids.ts';
import { settleAll } from '../../../base/settle-all.ts';
import type { ExecOp, Meta } from '../../../grpc/messages/pb.ts';
import type { TaskExit } from '../../../runtime/index.ts';
import { quote } from '../../dockerfile/index.ts';
import type { LlbNode } from '../../llb/graph.ts';
import type { StepContext } from '../../solver/index.ts';
import type { FailedExec, Tree } from '../../tree.ts';
import type { OpDeps } from '../op-deps.ts';
import { stepName } from '../step-name.ts';
import { ExitError } from './exit-error.ts';
import { logLimit } from './log-limit.ts';
import { mountStubs } from './mount-stubs.ts';
import { runTask } from './run-task.ts';
import { secretVariables } from './secret-mounts.ts';
import { makeStepFolder, writeNetworkFiles } from './step-files.ts';
import { openStepMounts, type StepMounts } from './step-mounts.ts';
import { openStepNetwork, STEP_HOSTNAME } from './step-network.ts';
import { stepSpec } from './step-spec.ts';

const STUBS = ['/etc/resolv.conf', '/etc/hosts', '/dev', '/proc', '/sys'];

export interface ExecStep {
  readonly node: LlbNode;
  readonly exec: ExecOp;
  readonly meta: Meta;
}

/**
 * Runs the process of an exec op as a task without a container record, and returns the op's outputs. Whatever happens,
 * nothing else of the step is left.
 * @throws ExitError; EngineError notFound, invalid, failed, noSpace, cancelled
 */
export async function runExec(
  deps: OpDeps,
  step: ExecStep,
  inputs: readonly Tree[],
  context: StepContext,
): Promise<readonly Tree[]> {
  const { ports } = deps;
  const { exec, meta, node } = step;
  ports.runtime.expectStart?.();
  const id = newObjectId();
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(makeStepFolder(ports, id));
  const name = stepName(node);
  const mounting = { mounts: exec.mounts, inputs, cwd: meta.cwd, folder, context, name };
  const [netnsPath, mounts, variables] = await settleAll([
    openStepNetwork(deps, { id, network: exec.network, hostname: meta.hostname }, opened, context.signal),
    openStepMounts(deps, mounting, opened),
    secretVariables(deps, exec.secretenv, context),
  ]);
  const hostname = meta.hostname || STEP_HOSTNAME;
  const extraHosts = meta.extraHosts.map(({ Host, IP }) => `${Host}=${IP}`);
  const isOnHostNetwork = netnsPath === undefined;
  const files = {
    ...writeNetworkFiles(ports, folder.path, { hostname, extraHosts, isOnHostNetwork }),
    isReadOnly: true,
  };
  const destinations = [...STUBS, ...mounts.mounts.map(({ destination }) => destination)];
  const stubs = mountStubs(mounts.rootfs, destinations, meta.removeMountStubsRecursive);
  const resources = node.metadata.linux_resources;
  const parts = { mounts, files, netnsPath, hostname, secretVariables: variables, resources, ports };
  try {
    await runProcess(deps, { id, step, parts }, context);
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    stubs.remove();
    const failed = await keepFailed({ step, inputs, mounts, name }, context).catch(() => undefined);
    throw new ExitError(error.exitCode, error.message, failed);
  }
  stubs.remove();
  return await sealOutputs(mounts, name, context);
}

/** Keeps what a failed process saw and left, until no build needs the step. @throws EngineError noSpace */
async function keepFailed(
  {
    step: { exec },
    inputs,
    mounts,
    name,
  }: {
    readonly step: ExecStep;
    readonly inputs: readonly Tree[];
    readonly mounts: StepMounts;
    readonly name: string;
  },
  context: StepContext,
): Promise<FailedExec> {
  const left = await sealOutputs(mounts, `${name} (failed)`, context);
  const given = exec.mounts.map(({ input }) => inputs[input]);
  return { inputs: given, mounts: exec.mounts.map(({ output }, at) => left[output] ?? given[at]) };
}

async function runProcess(
  { ports }: OpDeps,
  run: {
    readonly id: string;
    readonly step: ExecStep;
    readonly parts: Omit<Parameters<typeof stepSpec>[0], 'id' | 'exec' | 'meta'>;
  },
  context: StepContext,
): Promise<void> {
  const { id, step, parts } = run;
  const { exec, meta } = step;
  const told = `process ${quote(meta.args.join(' '))} did not complete successfully`;
  let exit: TaskExit;
  try {
    const spec = stepSpec({ ...parts, id, exec, meta });
    exit = await runTask(ports.runtime, { id, spec, output: logLimit(context.log) }, context.signal);
  } catch (error) {
    if (context.signal.aborted) throw new EngineError('cancelled', 'context canceled', { cause: error });
    if (error instanceof EngineError && error.kind === 'noSpace') throw error;
    const refusal = /runc create failed: (unable to start container process: .*)/s.exec(messageOf(error))?.[1];
    if (refusal === undefined) throw new EngineError('failed', `${told}: ${messageOf(error)}`, { cause: error });
    // As BuildKit: what the runtime says of a program that cannot be started is output of the step.
    context.log(2, Buffer.from(`runc run failed: ${refusal}\n`));
    throw new ExitError(1, `${told}: exit code: 1`);
  }
  if (context.signal.aborted) throw new EngineError('cancelled', 'context canceled');
  const code = exit.exitCode ?? 255;
  const valid = meta.validExitCodes.length === 0 ? [0] : meta.validExitCodes;
  if (valid.includes(code)) return;
  throw new ExitError(code, `${told}: ${exit.oomKilled ? 'cannot allocate memory' : `exit code: ${code}`}`);
}

async function sealOutputs(
  { outputs }: StepMounts,
  description: string,
  context: StepContext,
): Promise<readonly Tree[]> {
  const trees: Tree[] = [];
  for (const [output, root] of outputs) {
    trees[output] = 'kind' in root ? root : await root.seal({ description }, context);
  }
  return trees;
}
