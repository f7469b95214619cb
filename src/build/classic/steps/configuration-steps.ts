import { constants } from 'node:os';
import { posix } from 'node:path';
import { EngineError, invalid } from '../../../base/errors.ts';
import { formatDuration } from '../../../base/time.ts';
import type { ContainerConfig, HealthConfig } from '../../../spec/index.ts';
import {
  type ArgInstruction,
  exposedPorts,
  type HealthCheckInstruction,
  type Instruction,
  parsePort,
  quote,
} from '../../dockerfile/index.ts';
import { environmentOf, type StageState } from '../stages/stage-state.ts';
import { commandLine, saying, sayingInOneWord } from './command-line.ts';
import { configure } from './container-step.ts';
import type { StepContext } from './step-context.ts';

/** An instruction that changes the configuration alone. */
export type ConfigurationInstruction = Exclude<Instruction, { readonly kind: 'run' | 'copy' | 'add' }>;

type Kind = ConfigurationInstruction['kind'];

interface Change extends Partial<Pick<StageState, 'author' | 'hasCommand'>> {
  /** Fields of the configuration that change. */
  readonly config?: Partial<ContainerConfig>;
  /** What the history shows. */
  readonly text: string;
}

type Changes = {
  readonly [kind in Kind]: (
    instruction: Extract<ConfigurationInstruction, { readonly kind: kind }>,
    state: StageState,
    step: StepContext,
  ) => Change;
};

const CHANGES: Changes = {
  arg: (arg, state, step) => ({ text: declareArgs(step, state, arg) }),
  env: ({ pairs }, { config }) => ({
    config: { Env: withVariables(config.Env ?? [], pairs) },
    text: pairsText('ENV', pairs),
  }),
  label: ({ pairs }, { config }) => ({
    config: { Labels: { ...config.Labels, ...Object.fromEntries(pairs.map(({ key, value }) => [key, value])) } },
    text: pairsText('LABEL', pairs),
  }),
  maintainer: ({ maintainer: author }) => ({ author, text: `MAINTAINER ${author}` }),
  user: ({ user }) => ({ config: { User: user }, text: `USER ${user}` }),
  volume: ({ volumes }, { config }) => ({
    config: { Volumes: { ...config.Volumes, ...Object.fromEntries(volumes.map((path) => [path, {}])) } },
    text: `VOLUME ${shownList(volumes)}`,
  }),
  workdir({ path }, { config }) {
    const WorkingDir = posix.resolve(config.WorkingDir || '/', path);
    return { config: { WorkingDir }, text: `WORKDIR ${WorkingDir}` };
  },
  expose({ ports }, state, step) {
    const words = ports.flatMap((word) => step.expander.expand(word, variablesOf(step, state)).words);
    const ExposedPorts = { ...state.config.ExposedPorts, ...portsOf(words) };
    return { config: { ExposedPorts }, text: `EXPOSE ${words.join(' ')}` };
  },
  cmd({ command }, { config, hasCommand }) {
    const words = commandLine(command, config);
    return {
      config: { Cmd: nullIfEmpty(words) },
      hasCommand: hasCommand || command.words.length > 0,
      text: `CMD ${quotedList(words)}`,
    };
  },
  entrypoint({ command }, { config, hasCommand }) {
    const words = commandLine(command, config);
    const Entrypoint = nullIfEmpty(words);
    return { config: hasCommand ? { Entrypoint } : { Entrypoint, Cmd: null }, text: `ENTRYPOINT ${quotedList(words)}` };
  },
  stopsignal({ signal: StopSignal }) {
    checkSignal(StopSignal);
    return { config: { StopSignal }, text: `STOPSIGNAL ${StopSignal}` };
  },
  shell: ({ shell: Shell }) => ({ config: { Shell }, text: `SHELL ${shownList(Shell)}` }),
  onbuild: ({ trigger }, { config }) => ({
    config: { OnBuild: [...(config.OnBuild ?? []), trigger] },
    text: `ONBUILD ${trigger}`,
  }),
  healthcheck(check, { config }, step) {
    noteOverriding(step, config);
    return { config: { Healthcheck: healthOf(check) }, text: `HEALTHCHECK ${healthText(check)}` };
  },
};

/** A step of such an instruction, whose variables are expanded. @throws EngineError invalid; of the engine */
export async function configurationStep(
  step: StepContext,
  state: StageState,
  instruction: ConfigurationInstruction,
): Promise<StageState> {
  const change = CHANGES[instruction.kind] as (
    instruction: ConfigurationInstruction,
    state: StageState,
    step: StepContext,
  ) => Change;
  const { config: changed, text, ...rest } = change(instruction, state, step);
  const config = { ...state.config, ...changed };
  const say = instruction.kind === 'workdir' ? sayingInOneWord : saying;
  return await configure(step, { ...state, ...rest, config }, say(config, text));
}

/** The variables that an instruction sees. */
export function variablesOf({ args }: Pick<StepContext, 'args'>, { config }: StageState): ReadonlyMap<string, string> {
  const environment = environmentOf(config);
  return new Map([...args.beside(environment), ...environment]);
}

function declareArgs(step: StepContext, state: StageState, { args }: ArgInstruction): string {
  const variables = variablesOf(step, state);
  const expand = (text: string): string => step.expander.expand(text, variables).text;
  const words = args.map(({ key, value }) => {
    const [name, given] = [expand(key), value === undefined ? undefined : expand(value)];
    step.args.declare(name, given);
    return given === undefined ? name : `${name}=${given}`;
  });
  return `ARG ${words.join(' ')}`;
}

type Pairs = readonly { readonly key: string; readonly value: string }[];

function pairsText(keyword: string, pairs: Pairs): string {
  return [keyword, ...pairs.map(({ key, value }) => `${key}=${value}`)].join(' ');
}

/** A variable that is there keeps its place. */
function withVariables(env: readonly string[], pairs: Pairs): readonly string[] {
  const variables = [...env];
  for (const { key, value } of pairs) {
    const at = variables.findIndex((variable) => variable === key || variable.startsWith(`${key}=`));
    variables[at < 0 ? variables.length : at] = `${key}=${value}`;
  }
  return variables;
}

/** @throws EngineError failed, in the words of dockerd's classic builder */
function portsOf(words: readonly string[]): Readonly<Record<string, object>> {
  const ports: Record<string, object> = {};
  for (const word of words) {
    try {
      const { first, last, protocol } = exposedPorts(parsePort(word));
      for (let port = first; port <= last; port++) ports[`${port}/${protocol}`] = {};
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new EngineError('failed', classicPortError(word, error.message), { cause: error });
    }
  }
  return ports;
}

function classicPortError(word: string, message: string): string {
  if (message.endsWith('no port specified')) return `No port specified: ${word}<empty>`;
  const [, proto] = /: invalid proto: (.*)$/.exec(message) ?? [];
  if (proto !== undefined) return `Invalid proto: ${proto}`;
  return message.replace('IP address', 'ip address').replace(/^i/, 'I');
}

/** @throws EngineError failed */
function checkSignal(text: string): void {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const isNumber = /^\d{1,9}$/.test(text) && Number(text) > 0;
  if (isNumber || Object.hasOwn(constants.signals, name) || /^SIGRTM(?:IN(?:\+\d+)?|AX(?:-\d+)?)$/.test(name)) return;
  throw invalid(`invalid signal: ${text}`);
}

function noteOverriding({ output }: StepContext, { Healthcheck }: ContainerConfig): void {
  const test = Healthcheck?.Test ?? [];
  if (test.length > 0 && test[0] !== 'NONE') output.text(`Note: overriding previous HEALTHCHECK: ${shownList(test)}\n`);
}

function healthOf(check: HealthCheckInstruction): HealthConfig {
  const { test: Test, intervalNanos, timeoutNanos, startPeriodNanos, startIntervalNanos, retries } = check;
  return {
    Test,
    ...(intervalNanos === 0 ? {} : { Interval: intervalNanos }),
    ...(timeoutNanos === 0 ? {} : { Timeout: timeoutNanos }),
    ...(startPeriodNanos === 0 ? {} : { StartPeriod: startPeriodNanos }),
    ...(startIntervalNanos === 0 ? {} : { StartInterval: startIntervalNanos }),
    ...(retries === 0 ? {} : { Retries: retries }),
  };
}

function healthText(check: HealthCheckInstruction): string {
  const { test, intervalNanos, timeoutNanos, startPeriodNanos, startIntervalNanos, retries } = check;
  const times = [intervalNanos, timeoutNanos, startPeriodNanos, startIntervalNanos].map(durationText);
  return `&{${[shownList(test), ...times, retries].join(' ')}}`;
}

function durationText(nanos: number): string {
  return nanos === 0 ? '0s' : formatDuration(nanos / 1e6);
}

/** Go's `%v` of a list of strings. */
function shownList(words: readonly string[]): string {
  return `[${words.join(' ')}]`;
}

/** Go's `%q` of a list of strings. */
function quotedList(words: readonly string[]): string {
  return `[${words.map(quote).join(' ')}]`;
}

function nullIfEmpty(words: readonly string[]): readonly string[] | null {
  return words.length === 0 ? null : words;
}
