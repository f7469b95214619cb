import { EngineError } from '../../../base/errors.ts';
import { quote, type RunInstruction } from '../../dockerfile/index.ts';
import { environmentOf, type StageState } from '../stages/stage-state.ts';
import { needsBuildKit, StepError } from '../step-error.ts';
import { commandLine } from './command-line.ts';
import { cached, commitContainer } from './container-step.ts';
import type { StepContext } from './step-context.ts';

/**
 * RUN: runs the command in a container, and makes an image of it. The history shows the command with the arguments that it saw,
 * behind their number. @throws StepError; EngineError
 */
export async function runStep(step: StepContext, state: StageState, run: RunInstruction): Promise<StageState> {
  const [flag] = run.flags;
  if (flag !== undefined) throw needsBuildKit(flag);
  const { config } = state;
  const command = commandLine(run.command, config);
  const given = step.args.beside(environmentOf(config));
  const counted = [...given].filter(([name]) => step.args.counts(name)).map(([name, value]) => `${name}=${value}`);
  const shown = given.size === 0 ? command : [`|${counted.length}`, ...counted.sort(), ...command];
  // The command runs without the image's entrypoint, unless it is empty.
  const entrypoint = (words: readonly string[] | null) => (shown.length === 0 ? {} : { Entrypoint: words });
  const containerConfig = { ...config, Cmd: shown, ...entrypoint(null) };
  const known = await cached(step, state, containerConfig);
  if (known !== undefined) return known;
  if (state.image === undefined) throw missingProgram(step, command);
  const container = await step.containers.create(
    {
      ...config,
      Cmd: command,
      Env: [...(config.Env ?? []), ...[...given].map(([name, value]) => `${name}=${value}`)],
      ...entrypoint(['']),
      Healthcheck: { Test: ['NONE'] },
    },
    step.signal,
  );
  const code = await step.ports.containers.run(container, step.output.step(), step.signal);
  if (code !== 0) throw new StepError(command, code);
  return await commitContainer(step, state, { containerConfig, container });
}

/** Nothing can run on `scratch`. The text is that of the runtime for any image without the program. */
function missingProgram({ containers }: StepContext, [program = '']: readonly string[]): EngineError {
  containers.pretend();
  const where = 'failed to create task for container: failed to create shim task: OCI runtime create failed';
  const when = 'runc create failed: unable to start container process: error during container init';
  const what = `exec: ${quote(program)}: stat ${program}: no such file or directory`;
  return new EngineError('invalid', `${where}: ${when}: ${what}`);
}
