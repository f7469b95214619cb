import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';
import { ownValue } from '../../base/own-value.ts';
import type { ContainerConfig } from '../../spec/index.ts';
import { exposedPorts } from './exposed-ports.ts';
import { parseHealthCheck } from './health-check.ts';
import { type Instruction, jsonList, parseChanges } from './parse-changes.ts';
import { isSignal } from './signal.ts';
import { expandWord, splitWords } from './words.ts';

/** The result of the changes so far, and whether CMD was among them. */
interface State {
  readonly config: ContainerConfig;
  readonly hasCmd: boolean;
}

type Apply = (state: State, instruction: Instruction) => ContainerConfig;

const SHELL = ['/bin/sh', '-c'];

/**
 * Applies the Dockerfile instructions of `import` and `commit`, by Docker's rules and in its words.
 * @throws EngineError invalid
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  let state: State = { config, hasCmd: false };
  for (const instruction of parseChanges(changes)) {
    const apply = ownValue(INSTRUCTIONS, instruction.command);
    if (apply === undefined) throw invalid(`${instruction.command} is not a valid change command`);
    const [flag] = instruction.flags;
    if (flag !== undefined && instruction.command !== 'HEALTHCHECK') throw invalid(`unknown flag: ${flag[0]}`);
    state = { config: apply(state, instruction), hasCmd: state.hasCmd || instruction.command === 'CMD' };
  }
  return state.config;
}

/** An empty list is as none. */
function orNull(command: readonly string[]): readonly string[] | null {
  return command.length === 0 ? null : command;
}

const INSTRUCTIONS: Readonly<Record<string, Apply>> = {
  CMD: ({ config }, { rest }) => ({ ...config, Cmd: orNull(commandOf(rest)) }),
  ENTRYPOINT({ config, hasCmd }, { rest }) {
    // A command for another entry point is dropped.
    const changed = { ...config, Entrypoint: orNull(commandOf(rest)) };
    return hasCmd ? changed : { ...changed, Cmd: null };
  },
  ENV({ config }, instruction) {
    const entries = new Map((config.Env ?? []).map((entry) => [entry.split('=', 1)[0] ?? '', entry]));
    for (const [name, value] of pairs(config, instruction)) entries.set(name, `${name}=${value}`);
    return { ...config, Env: [...entries.values()] };
  },
  LABEL: ({ config }, instruction) => ({
    ...config,
    Labels: { ...config.Labels, ...Object.fromEntries(pairs(config, instruction)) },
  }),
  EXPOSE({ config }, { rest }) {
    const specs = splitWords(rest).map((word) => expandWord(word, environmentOf(config)));
    if (specs.length === 0) throw invalid('EXPOSE requires at least one argument');
    return { ...config, ExposedPorts: { ...config.ExposedPorts, ...exposedPorts(specs) } };
  },
  USER: ({ config }, instruction) => ({ ...config, User: oneArgument(config, instruction) }),
  WORKDIR({ config }, instruction) {
    const path = posix.resolve('/', config.WorkingDir ?? '', oneArgument(config, instruction));
    return { ...config, WorkingDir: path };
  },
  VOLUME({ config }, { rest }) {
    const paths = (jsonList(rest) ?? rest.split(/\s+/).filter(Boolean)).map((path) =>
      expandWord(path, environmentOf(config)),
    );
    if (paths.length === 0) throw invalid('VOLUME requires at least one argument');
    if (paths.some((path) => path.trim() === '')) throw invalid('VOLUME specified can not be an empty string');
    return { ...config, Volumes: { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) } };
  },
  STOPSIGNAL({ config }, instruction) {
    const name = oneArgument(config, instruction);
    if (!isSignal(name)) throw invalid(`invalid signal: ${name}`);
    return { ...config, StopSignal: name };
  },
  HEALTHCHECK: ({ config }, instruction) => ({ ...config, Healthcheck: parseHealthCheck(instruction) }),
  ONBUILD({ config }, { rest }) {
    if (rest === '') throw invalid('ONBUILD requires at least one argument');
    const trigger = (rest.split(/\s/, 1)[0] ?? '').toUpperCase();
    if (trigger === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger === 'FROM' || trigger === 'MAINTAINER') throw invalid(`${trigger} isn't allowed as an ONBUILD trigger`);
    return { ...config, OnBuild: [...(config.OnBuild ?? []), rest] };
  },
};

function commandOf(rest: string): readonly string[] {
  const list = jsonList(rest);
  if (list !== undefined) return list;
  return rest === '' ? SHELL : [...SHELL, rest];
}

/** Parses `NAME=value …`, or the old form `NAME value`. */
function pairs(config: ContainerConfig, { command, rest }: Instruction): [string, string][] {
  const environment = environmentOf(config);
  const words = splitWords(rest);
  const [first, ...others] = words;
  if (first === undefined) throw invalid(`${command} requires at least one argument`);
  if (!first.includes('=')) {
    if (others.length === 0) throw invalid(`${command} must have two arguments`);
    const value = rest.slice(rest.indexOf(first) + first.length).trimStart();
    return [[expandWord(first, environment), expandWord(value, environment)]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) throw invalid(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    const name = expandWord(word.slice(0, equals), environment);
    if (name === '') throw invalid(`${command} names can not be blank`);
    return [name, expandWord(word.slice(equals + 1), environment)];
  });
}

function oneArgument(config: ContainerConfig, { command, rest }: Instruction): string {
  if (rest === '') throw invalid(`${command} requires exactly one argument`);
  return expandWord(rest, environmentOf(config));
}

function environmentOf(config: ContainerConfig): ReadonlyMap<string, string> {
  return new Map((config.Env ?? []).map((entry) => splitAtEquals(entry)));
}

function splitAtEquals(entry: string): [string, string] {
  const equals = entry.indexOf('=');
  return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
}
