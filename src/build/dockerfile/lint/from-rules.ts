import { parsePlatform, parseReference } from '../../../spec/index.ts';
import type { Expander } from '../expand/expand.ts';
import type { Expanded } from '../expand/expanded.ts';
import type { FromInstruction } from '../instructions/instruction.ts';
import type { Dockerfile } from '../instructions/read-stages.ts';
import type { ExpandedFrom } from '../scope/expand-from.ts';
import { type GlobalInput, globalScope } from '../scope/global-args.ts';
import type { Scope } from '../scope/scope.ts';
import { DETAILS } from './rules.ts';
import type { Suggestions } from './suggestions.ts';
import type { Warnings } from './warnings.ts';

/** Every FROM has a valid name when the build gives no arguments. */
export function lintDefaults(file: Dockerfile, input: GlobalInput, context: FromContext): void {
  const { expander, warnings } = context;
  try {
    const globals = globalScope(file.globalArgs, { ...input, buildArgs: new Map() }, expander);
    for (const { from } of file.stages) {
      if (isImageName(expander.expand(from.base, globals).text)) continue;
      warnings.add('InvalidDefaultArgInFrom', from, DETAILS.invalidDefault(from.base));
    }
  } catch {
    // The same words fail where they are used, and are reported there.
  }
}

export interface FromContext {
  readonly expander: Expander;
  readonly warnings: Warnings;
}

/** The rules about the variables and the platform of one FROM. */
export function lintFrom(
  from: FromInstruction,
  { base, platform }: ExpandedFrom,
  { globals, warnings, suggestions }: { globals: Scope; warnings: Warnings; suggestions: Suggestions },
): void {
  const lintNames = (names: ReadonlySet<string>): void => {
    for (const name of names) {
      if (globals.isDeclared(name)) continue;
      warnings.add('UndefinedArgInFrom', from, DETAILS.undefinedArg(name, suggestions.of(name, globals)));
    }
  };
  lintNames(base.undefined);
  if (platform === undefined) return;
  lintNames(platform.undefined);
  if (isTargetPlatform(platform, globals)) {
    warnings.add('RedundantTargetPlatform', from, DETAILS.redundantPlatform(from.platform));
  }
  if (isConstant(from, platform)) {
    warnings.add('FromPlatformFlagConstDisallowed', from, DETAILS.constantPlatform(platform.text));
  }
}

function isTargetPlatform({ text, used, undefined: missing }: Expanded, globals: Scope): boolean {
  return used.size === 1 && missing.size === 0 && used.has('TARGETPLATFORM') && text === globals.get('TARGETPLATFORM');
}

/** A constant is allowed where the stage's name says so. */
function isConstant({ stageName }: FromInstruction, { text, used, undefined: missing }: Expanded): boolean {
  if (used.size > 0 || missing.size > 0) return false;
  try {
    const { os, architecture } = parsePlatform(text);
    return !stageName.includes(os) && !stageName.includes(architecture);
  } catch {
    return false;
  }
}

function isImageName(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}
