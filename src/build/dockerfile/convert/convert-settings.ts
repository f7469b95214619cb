import { invalid } from '../../../base/errors.ts';
import { cleanPath } from '../../../spec/index.ts';
import { fileNode } from '../../llb/index.ts';
import type {
  ArgDefinition,
  ArgInstruction,
  CmdInstruction,
  Command,
  EntrypointInstruction,
  ExposeInstruction,
  HealthCheckInstruction,
  Instruction,
  VolumeInstruction,
  WorkdirInstruction,
} from '../instructions/instruction.ts';
import { exposedPorts, parsePort } from '../instructions/port.ts';
import { quote } from '../values/quote.ts';
import { formatDuration, plainList, quoteList, quoteNumber } from './go-format.ts';
import type { InstructionContext } from './instruction-context.ts';
import { upperKeyword } from './names.ts';
import { workingDirectory } from './paths.ts';
import { isScanArg } from './scan-targets.ts';
import { checkSignal } from './stop-signal.ts';

const PORTS_MAX = 200_000;

type SettingsInstruction = Exclude<Instruction, { kind: 'run' | 'add' | 'copy' }>;

/** Instructions that change the configuration, expanded. @throws EngineError invalid */
export function convertSettings(instruction: SettingsInstruction, context: InstructionContext): void {
  const { image, env } = context.stage;
  const note = (text: string): void => image.addHistory(text, { hasLayer: false });
  switch (instruction.kind) {
    case 'env':
      for (const { key, value } of instruction.pairs) {
        env.set(key, value);
        image.setVariable(key, value);
      }
      note(['ENV', ...instruction.pairs.map(({ key, value }) => `${key}=${value}`)].join(' '));
      return;
    case 'arg':
      convertArg(instruction, context);
      return;
    case 'label':
      image.set({ Labels: { ...image.settings.Labels, ...Object.fromEntries(instruction.pairs.map(toEntry)) } });
      note(['LABEL', ...instruction.pairs.map(({ key, value }) => `${key}=${value}`)].join(' '));
      return;
    case 'user':
      image.set({ User: instruction.user });
      note(`USER ${instruction.user}`);
      return;
    case 'maintainer':
      image.author = instruction.maintainer;
      note(`MAINTAINER ${instruction.maintainer}`);
      return;
    case 'stopsignal':
      checkSignal(instruction.signal);
      image.set({ StopSignal: instruction.signal });
      note(`STOPSIGNAL ${instruction.signal}`);
      return;
    case 'shell':
      image.set({ Shell: instruction.shell });
      note(`SHELL ${plainList(instruction.shell)}`);
      return;
    case 'onbuild':
      image.set({ OnBuild: [...(image.settings.OnBuild ?? []), instruction.trigger] });
      return;
    case 'workdir':
      convertWorkdir(instruction, context);
      return;
    case 'volume':
      convertVolume(instruction, context);
      return;
    case 'expose':
      convertExpose(instruction, context);
      return;
    case 'healthcheck':
      convertHealthCheck(instruction, context);
      return;
    default:
      convertCommand(instruction, context);
  }
}

function toEntry({ key, value }: { readonly key: string; readonly value: string }): [string, string] {
  return [key, value];
}

function convertArg({ args }: ArgInstruction, { stage, input, word, globalArg }: InstructionContext): void {
  const shown = args.map((arg) => {
    const given = input.buildArgs.get(arg.key);
    const value = given ?? (arg.value === undefined ? globalArg(arg.key) : word(arg.value));
    if (value !== undefined && !isScanArg(arg.key)) stage.env.set(arg.key, value);
    const known: ArgDefinition = value === undefined ? { key: arg.key } : { key: arg.key, value };
    stage.buildArgs.push(known);
    return value === undefined ? arg.key : `${arg.key}=${value}`;
  });
  stage.image.addHistory(`ARG ${shown.join(' ')}`, { hasLayer: false });
}

function convertWorkdir(instruction: WorkdirInstruction, { stage, input, show }: InstructionContext): void {
  const { image } = stage;
  const path = workingDirectory(image.settings.WorkingDir ?? '/', instruction.path);
  image.set({ WorkingDir: path });
  stage.folder = path;
  const folder = cleanPath(path);
  image.addHistory(`WORKDIR ${path}`, { hasLayer: folder !== '/' });
  if (folder === '/') return;
  const name = stage.nameStep(upperKeyword(show(instruction.code)));
  const notes = stage.notes(name, instruction.range);
  const timestamp = input.epochSeconds === undefined ? -1n : BigInt(input.epochSeconds) * 1_000_000_000n;
  const { User: user = '' } = image.settings;
  const [first = '', group] = user.split(':', 2);
  const owner = user === '' ? undefined : { user: first, group };
  stage.steps.push((tree) => ({
    node: fileNode({
      base: tree,
      changes: [{ mkdir: { path: folder, mode: 0o755, makeParents: true, timestamp }, owner }],
      ...notes,
    }),
    output: 0,
  }));
}

function convertVolume({ volumes }: VolumeInstruction, { stage: { image } }: InstructionContext): void {
  for (const volume of volumes) if (volume === '') throw invalid('VOLUME specified can not be an empty string');
  const added = Object.fromEntries(volumes.map((volume) => [volume, {}]));
  image.set({ Volumes: { ...image.settings.Volumes, ...added } });
  image.addHistory(`VOLUME ${plainList(volumes)}`, { hasLayer: false });
}

function convertExpose({ ports }: ExposeInstruction, { stage: { image }, words }: InstructionContext): void {
  const found: string[] = [];
  for (const word of ports.flatMap((port) => words(port))) {
    const { first, last, protocol } = exposedPorts(parsePort(word));
    if (found.length + last - first > PORTS_MAX) throw invalid('EXPOSE has too many ports');
    for (let port = first; port <= last; port++) found.push(`${port}/${protocol}`);
  }
  found.sort();
  image.set({
    ExposedPorts: { ...image.settings.ExposedPorts, ...Object.fromEntries(found.map((port) => [port, {}])) },
  });
  image.addHistory(`EXPOSE ${plainList(found)}`, { hasLayer: false });
}

function convertHealthCheck(check: HealthCheckInstruction, { stage: { image } }: InstructionContext): void {
  const { test, intervalNanos, timeoutNanos, startPeriodNanos, startIntervalNanos, retries } = check;
  const times = {
    Interval: intervalNanos,
    Timeout: timeoutNanos,
    StartPeriod: startPeriodNanos,
    StartInterval: startIntervalNanos,
  };
  const numbers = Object.entries({ ...times, Retries: retries }).filter(([, value]) => value !== 0);
  image.set({ Healthcheck: { Test: test, ...Object.fromEntries(numbers) } });
  const shown = [
    quoteList(test),
    ...Object.values(times).map((nanos) => quote(formatDuration(nanos))),
    quoteNumber(retries),
  ];
  image.addHistory(`HEALTHCHECK &{${shown.join(' ')}}`, { hasLayer: false });
}

/** ENTRYPOINT drops a CMD that is not of the same stage. */
function convertCommand(instruction: CmdInstruction | EntrypointInstruction, { stage }: InstructionContext): void {
  const { image } = stage;
  const args = lineOf(instruction.command, image.shell);
  if (instruction.kind === 'cmd') {
    stage.hasCommand = true;
    image.set({ Cmd: args, ArgsEscaped: true });
  } else image.set({ Entrypoint: args, ...(stage.hasCommand ? {} : { Cmd: null }) });
  image.addHistory(`${instruction.kind.toUpperCase()} ${quoteList(args)}`, { hasLayer: false });
}

function lineOf({ words, usesShell }: Command, shell: readonly string[]): readonly string[] {
  return usesShell ? [...shell, words.join(' ')] : words;
}
