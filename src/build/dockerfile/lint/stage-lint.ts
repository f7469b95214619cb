import type { Expander } from '../expand/expand.ts';
import type { ExpandMode } from '../expand/expanded.ts';
import { expandInstruction, HEREDOC_MODE, type WordExpansion } from '../instructions/expand-instruction.ts';
import type { ArgInstruction, ExposeInstruction, Instruction } from '../instructions/instruction.ts';
import { parseMount } from '../instructions/parse-mount.ts';
import { exposedPorts, parsePort } from '../instructions/port.ts';
import type { Stage } from '../instructions/read-stages.ts';
import { Scope } from '../scope/scope.ts';
import { atPlace } from '../source-error.ts';
import { DETAILS } from './rules.ts';
import { holdsSecret } from './secret-name.ts';
import type { Suggestions } from './suggestions.ts';
import type { Warnings } from './warnings.ts';

/** What a base image's configuration says. */
export interface BaseImage {
  readonly env: ReadonlyMap<string, string>;
  /** Whether the image has a SHELL of its own. */
  readonly hasShell: boolean;
}

/** What a stage hands on to stages that are built on it. */
export interface StageState {
  readonly scope: Scope;
  readonly hasShell: boolean;
  readonly hasWorkdir: boolean;
}

export interface StageContext {
  readonly expander: Expander;
  readonly warnings: Warnings;
  readonly suggestions: Suggestions;
  readonly globals: Scope;
  readonly buildArgs: ReadonlyMap<string, string>;
}

/** Names that are never variables of a stage. */
const BUILDER_ARGS: ReadonlySet<string> = new Set(['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']);
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The state of a stage that is built on an image. */
export function imageState({ env, hasShell }: BaseImage): StageState {
  const scope = new Scope();
  for (const [name, value] of env) scope.set(name, value);
  if (scope.get('PATH') === undefined) scope.set('PATH', DEFAULT_PATH);
  return { scope, hasShell, hasWorkdir: false };
}

/**
 * Runs the rules about the instructions of one stage, in their order.
 * @throws EngineError invalid, with the place of the instruction
 */
export function lintStage(stage: Stage, base: StageState, context: StageContext): StageState {
  const walk = new StageLint(base, context);
  for (const instruction of stage.instructions) atPlace(instruction.range, () => walk.visit(instruction));
  return walk.state();
}

class StageLint {
  readonly #context: StageContext;
  readonly #scope: Scope;
  /** The last instruction of a kind of which only the last counts. */
  readonly #last = new Map<Instruction['kind'], Instruction>();
  #hasShell: boolean;
  #hasWorkdir: boolean;

  constructor(base: StageState, context: StageContext) {
    this.#context = context;
    this.#scope = new Scope(base.scope);
    this.#hasShell = base.hasShell;
    this.#hasWorkdir = base.hasWorkdir;
  }

  state(): StageState {
    return { scope: this.#scope, hasShell: this.#hasShell, hasWorkdir: this.#hasWorkdir };
  }

  visit(given: Instruction): void {
    const { warnings } = this.#context;
    const instruction = expandInstruction(given, this.#expansionOf(given));
    switch (instruction.kind) {
      case 'env':
      case 'label':
        this.#visitPairs(instruction);
        return;
      case 'arg':
        this.#visitArg(instruction);
        return;
      case 'run':
        for (const mount of instruction.mounts) parseMount(mount, this.#expansionOf(instruction).word);
        return;
      case 'workdir':
        if (!this.#hasWorkdir && !instruction.path.startsWith('/')) {
          warnings.add('WorkdirRelativePath', instruction, DETAILS.relativeWorkdir(instruction.path));
        }
        this.#hasWorkdir = true;
        return;
      case 'cmd':
      case 'entrypoint':
        this.#visitOnce(instruction);
        if (instruction.command.usesShell && !this.#hasShell) {
          warnings.add('JSONArgsRecommended', instruction, DETAILS.jsonArgs(instruction.name));
        }
        return;
      case 'healthcheck':
        this.#visitOnce(instruction);
        return;
      case 'shell':
        this.#hasShell = true;
        return;
      case 'expose':
        this.#visitPorts(instruction);
        return;
    }
  }

  #visitPairs(instruction: Extract<Instruction, { kind: 'env' | 'label' }>): void {
    const { warnings } = this.#context;
    for (const { key, value, isLegacy } of instruction.pairs) {
      if (isLegacy) warnings.add('LegacyKeyValueFormat', instruction, DETAILS.legacyPair(instruction.name));
      if (instruction.kind === 'label') continue;
      this.#visitName(instruction, key);
      this.#scope.set(key, value);
    }
  }

  #visitArg(instruction: ArgInstruction): void {
    for (const { key, value } of instruction.args) {
      this.#visitName(instruction, key);
      const given = this.#context.buildArgs.get(key);
      const set =
        given ?? (value === undefined ? this.#context.globals.get(key) : this.#expansionOf(instruction).word(value));
      if (set !== undefined && !BUILDER_ARGS.has(key)) this.#scope.set(key, set);
      this.#scope.declare(key);
    }
  }

  #visitName(instruction: Instruction, name: string): void {
    if (!holdsSecret(name)) return;
    const keyword = instruction.kind.toUpperCase();
    this.#context.warnings.add('SecretsUsedInArgOrEnv', instruction, DETAILS.secret(keyword, name));
  }

  /** The warning is about the earlier one, which has no effect. */
  #visitOnce(instruction: Instruction): void {
    const earlier = this.#last.get(instruction.kind);
    if (earlier !== undefined) {
      this.#context.warnings.add('MultipleInstructionsDisallowed', earlier, DETAILS.multiple(instruction.name));
    }
    this.#last.set(instruction.kind, instruction);
  }

  #visitPorts(instruction: ExposeInstruction): void {
    const { warnings, expander } = this.#context;
    for (const port of instruction.ports.flatMap((word) => expander.expand(word, this.#scope).words)) {
      const parsed = parsePort(port);
      if (parsed.protocol !== parsed.protocol.toLowerCase()) {
        warnings.add('ExposeProtoCasing', instruction, DETAILS.protocolCasing(port));
      }
      if (parsed.address !== '' || parsed.hostPort !== '') {
        warnings.add('ExposeInvalidFormat', instruction, DETAILS.portMapping(port));
      }
      exposedPorts(parsed);
    }
  }

  /** Expands an instruction's words, and warns of names without a value, also when the words have a fault. */
  #expansionOf(instruction: Instruction): WordExpansion {
    const expand = (text: string, mode?: ExpandMode): string => {
      const missing = new Set<string>();
      const get = (name: string): string | undefined => {
        const value = this.#scope.get(name);
        if (value === undefined) missing.add(name);
        return value;
      };
      try {
        return this.#context.expander.expand(text, { get }, mode).text;
      } finally {
        this.#warnMissing(instruction, missing);
      }
    };
    return { word: (text) => expand(text), content: (text) => expand(text, HEREDOC_MODE) };
  }

  #warnMissing(instruction: Instruction, names: ReadonlySet<string>): void {
    const { warnings, suggestions } = this.#context;
    for (const name of names) {
      if (this.#scope.isDeclared(name) || BUILDER_ARGS.has(name)) continue;
      const meant = suggestions.of(name, this.#scope, '$');
      warnings.add('UndefinedVar', instruction, DETAILS.undefinedVariable(name, meant));
    }
  }
}
