import { formatPlatform, normalisePlatform, type Platform, parsePlatform } from '../../../spec/index.ts';
import type { Variables } from '../expand/expanded.ts';

/** What stands before the names of a stage's steps: `[linux/arm64 stage 2/5] `. */
export interface StepPrefix {
  /** '' where there is only one stage. */
  readonly stageName: string;
  /** Undefined where the build is for one platform. */
  readonly platform: Platform | undefined;
}

export interface StepNumber {
  /** From 1. */
  readonly index: number;
  readonly total: number;
}

/** The prefix of one step. A stage that has the arguments `TARGET…` shows the platform that it makes something for. */
export function stepPrefix({ stageName, platform }: StepPrefix, { index, total }: StepNumber, env: Variables): string {
  const parts = [
    ...(platform === undefined ? [] : [platformName(platform, targetOf(env, platform))]),
    ...(stageName === '' ? [] : [stageName]),
    `${String(index).padStart(String(total).length)}/${total}`,
  ];
  return `[${parts.join(' ')}] `;
}

/** The platform of a step, and that of the result where it is another. */
function platformName(platform: Platform, target: Platform): string {
  const name = formatPlatform(platform);
  if (name === formatPlatform(target)) return name;
  if (platform.os !== target.os) return `${name}->${formatPlatform(target)}`;
  return `${name}->${[target.architecture, target.variant].filter(Boolean).join('/')}`;
}

function targetOf(env: Variables, platform: Platform): Platform {
  const whole = env.get('TARGETPLATFORM') ?? '';
  try {
    if (whole !== '') return parsePlatform(whole);
  } catch {
    return platform;
  }
  const [os, architecture, variant] = ['TARGETOS', 'TARGETARCH', 'TARGETVARIANT'].map(
    (name) => env.get(name) || undefined,
  );
  return normalisePlatform({
    ...platform,
    ...(os === undefined ? {} : { os }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(variant === undefined ? {} : { variant }),
  });
}

/** The instruction with its keyword in upper case. */
export function upperKeyword(code: string): string {
  return code.replace(/^\S+/, (keyword) => keyword.toUpperCase());
}

/** What a heredoc does, for people: its first line. */
export function summary(content: string): string {
  const [first = '', ...rest] = content.trim().split(/\r?\n/);
  return rest.length === 0 ? first : `${first}...`;
}
