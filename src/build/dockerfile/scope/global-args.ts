import { formatPlatform, type Platform } from '../../../spec/index.ts';
import type { Expander } from '../expand/expand.ts';
import type { ArgInstruction } from '../instructions/instruction.ts';
import { atPlace } from '../source-error.ts';
import { Scope } from './scope.ts';

export interface GlobalInput {
  readonly targetPlatform: Platform;
  /** The platform of the builder. */
  readonly buildPlatform: Platform;
  /** The stage that is built, or '' when it has no name. */
  readonly targetStage: string;
  /** `--build-arg`. */
  readonly buildArgs: ReadonlyMap<string, string>;
}

/** The variables that FROM sees without an ARG, and stages with an `ARG NAME`. */
export function predefinedArgs(input: Omit<GlobalInput, 'buildArgs'>): Map<string, string> {
  return new Map([
    ...platformArgs('BUILD', input.buildPlatform),
    ...platformArgs('TARGET', input.targetPlatform),
    ['TARGETSTAGE', input.targetStage === '' ? 'default' : input.targetStage],
  ]);
}

function platformArgs(prefix: string, platform: Platform): [name: string, value: string][] {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}OSVERSION`, platform['os.version'] ?? ''],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
}

/**
 * The variables of FROM lines: predefined ones, and those of ARG before the first FROM.
 * @throws EngineError invalid, with the place of the ARG
 */
export function globalScope(args: readonly ArgInstruction[], input: GlobalInput, expander: Expander): Scope {
  const scope = new Scope();
  for (const [name, value] of predefinedArgs(input)) scope.set(name, input.buildArgs.get(name) ?? value);
  for (const instruction of args) {
    for (const { key, value } of instruction.args) {
      const given = input.buildArgs.get(key);
      scope.declare(key);
      if (given !== undefined) scope.set(key, given);
      else if (value !== undefined) {
        scope.set(
          key,
          atPlace(instruction.range, () => expander.expand(value, scope).text),
        );
      }
    }
  }
  return scope;
}
