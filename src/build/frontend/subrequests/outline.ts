import {
  type Instruction,
  type LoadedStages,
  type Mount,
  parseMount,
  type Range,
  type ReadPlan,
} from '../../dockerfile/index.ts';
import { convertPlatform } from '../convert-platform.ts';
import type { FrontendBuild } from '../frontend-build.ts';
import { showWarnings } from '../warnings.ts';
import type { Answer } from './answer.ts';
import { locationOf } from './locations.ts';
import { textTable } from './text-table.ts';

interface OutlineArg {
  readonly name: string;
  readonly description?: string | undefined;
  readonly value?: string;
  readonly location: ReturnType<typeof locationOf>;
}

interface OutlineMount {
  readonly name: string;
  readonly required?: true;
  readonly location: ReturnType<typeof locationOf>;
}

/** What the target may be given: arguments, secrets and agents. @throws EngineError */
export async function outlineAnswer(build: FrontendBuild, signal: AbortSignal): Promise<Answer> {
  const { options, source, bridge } = build;
  const { converted, read, error, lint } = await convertPlatform(
    build,
    options.platforms[0] ?? bridge.platform,
    signal,
  );
  showWarnings(bridge, lint.warnings, { source, digest: build.context.dockerfile.node.digest });
  if (error !== undefined) throw error;
  if (converted === undefined || read === undefined) throw new Error('no conversion');
  const { from } = read.plan.stages[read.plan.target]?.stage ?? {};
  const args = argsOf(build, read, converted.loaded);
  const secrets = mountsOf(converted.loaded, 'secret');
  const ssh = mountsOf(converted.loaded, 'ssh');
  const name = from?.stageName ?? '';
  const description = from?.description ?? '';
  const json = {
    ...(name === '' ? {} : { name }),
    ...(description === '' ? {} : { description }),
    ...(args.length === 0 ? {} : { args }),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(ssh.length === 0 ? {} : { ssh }),
    sources: [Buffer.from(source.data).toString('base64')],
  };
  return { json, text: outlineText({ name, description, args, secrets, ssh }) };
}

function argsOf({ options }: FrontendBuild, { file, globals }: ReadPlan, { stages }: LoadedStages): OutlineArg[] {
  const found = new Map<string, OutlineArg>();
  const global = new Map(file.globalArgs.flatMap(({ args, range }) => args.map((arg) => [arg.key, { ...arg, range }])));
  for (const { instructions } of stages) {
    for (const instruction of instructions) {
      if (instruction.kind !== 'arg') continue;
      for (const { key, value, description } of instruction.args) {
        const outer = value === undefined ? global.get(key) : undefined;
        if (value === undefined && outer === undefined && globals.get(key) !== undefined) continue;
        const known = options.buildArgs.get(key) ?? (outer === undefined ? plainValue(value) : globals.get(key)) ?? '';
        found.set(key, {
          name: key,
          description: outer?.description ?? description,
          ...(known === '' ? {} : { value: known }),
          location: locationOf(outer?.range ?? instruction.range),
        });
      }
    }
  }
  return [...found.values()].sort((one, other) => lineOf(one) - lineOf(other));
}

/** A default that needs no variables. */
function plainValue(value: string | undefined): string | undefined {
  return value === undefined || value.includes('$') ? undefined : value;
}

function lineOf({ location }: OutlineArg): number {
  return location.ranges[0]?.start.line ?? 0;
}

function mountsOf({ stages }: LoadedStages, type: Mount['type']): OutlineMount[] {
  const found = new Map<string, OutlineMount>();
  for (const { instructions } of stages) {
    for (const { mount, range } of instructions.flatMap(mountsIn)) {
      if (mount.type !== type) continue;
      const name = mount.id || mount.source || (type === 'ssh' ? 'default' : (mount.target?.split('/').at(-1) ?? ''));
      const isRequired = mount.isRequired === true || found.get(name)?.required === true;
      found.set(name, { name, ...(isRequired ? { required: true } : {}), location: locationOf(range) });
    }
  }
  return [...found.values()];
}

function mountsIn(instruction: Instruction): { mount: Mount; range: Range }[] {
  if (instruction.kind !== 'run') return [];
  return instruction.mounts.map((text) => ({ mount: parseMount(text, (word) => word), range: instruction.range }));
}

interface OutlineParts {
  readonly name: string;
  readonly description: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineMount[];
  readonly ssh: readonly OutlineMount[];
}

function outlineText({ name, description, args, secrets, ssh }: OutlineParts): string {
  const head = textTable(
    [...(name === '' ? [] : [['TARGET:', name]]), ...(description === '' ? [] : [['DESCRIPTION:', description]])],
    1,
  );
  const argRows = args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']);
  const tables = [
    ...(args.length === 0 ? [] : [textTable([['BUILD ARG', 'VALUE', 'DESCRIPTION'], ...argRows], 3)]),
    ...(secrets.length === 0 ? [] : [textTable([['SECRET', 'REQUIRED'], ...secrets.map(mountRow)], 3)]),
    ...(ssh.length === 0 ? [] : [textTable([['SSH', 'REQUIRED'], ...ssh.map(mountRow)], 3)]),
  ];
  return [head, ...tables]
    .filter((part) => part !== '')
    .map((part) => `${part}\n`)
    .join('');
}

function mountRow({ name, required }: OutlineMount): string[] {
  return [name, required ? 'true' : ''];
}
