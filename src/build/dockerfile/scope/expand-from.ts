import { EngineError, invalid } from '../../../base/errors.ts';
import { type Platform, parsePlatform } from '../../../spec/index.ts';
import type { Expander } from '../expand/expand.ts';
import type { Expanded } from '../expand/expanded.ts';
import type { FromInstruction } from '../instructions/instruction.ts';
import { atPlace } from '../source-error.ts';
import { didYouMean } from '../values/suggest.ts';
import type { Scope } from './scope.ts';

/** A FROM's words, expanded but not checked. */
export interface ExpandedFrom {
  readonly base: Expanded;
  /** Undefined without `--platform`. */
  readonly platform: Expanded | undefined;
}

/** A FROM's base and platform. */
export interface ResolvedFrom {
  /** An image's name, or an earlier stage's. */
  readonly base: string;
  readonly platform?: Platform;
}

/** @throws EngineError invalid, with the place of the FROM */
export function expandFrom(from: FromInstruction, globals: Scope, expander: Expander): ExpandedFrom {
  return atPlace(from.range, () => ({
    base: expander.expand(from.base, globals),
    platform: from.platform === '' ? undefined : expander.expand(from.platform, globals),
  }));
}

/** Checks an expanded FROM. @throws EngineError invalid, with the place of the FROM */
export function resolveFrom(from: FromInstruction, { base, platform }: ExpandedFrom, globals: Scope): ResolvedFrom {
  return atPlace(from.range, () => {
    if (base.text === '') throw invalid(`base name (${from.base}) should not be blank`);
    if (platform === undefined) return { base: base.text };
    const meant = [...platform.undefined].map((name) => didYouMean(name, globals.names())).find((text) => text !== '');
    if (platform.text === '') throw invalid(`empty platform value from expression ${from.platform}${meant ?? ''}`);
    try {
      return { base: base.text, platform: parsePlatform(platform.text) };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw invalid(`failed to parse platform ${from.platform}: ${error.message}${meant ?? ''}`);
    }
  });
}
