import { parseBoundedJson } from '../../base/bounded-json.ts';
import type { Platform } from '../../spec/index.ts';
import { parseImageConfig } from '../../spec/index.ts';
import {
  type ConvertDeps,
  type Converted,
  type ConvertInput,
  convertDockerfile,
  type LintResult,
  type LoadedStages,
  lintDockerfile,
  planDockerfile,
  type ReadPlan,
  type ReportedViolation,
  variableName,
  variableValue,
} from '../dockerfile/index.ts';
import { rulesOf } from './build-context.ts';
import type { FrontendBuild } from './frontend-build.ts';
import { findContext } from './named-contexts.ts';

/** What became of the Dockerfile for one platform. */
export interface Conversion {
  readonly converted?: Converted & { readonly loaded: LoadedStages };
  readonly read?: ReadPlan;
  /** Why there is no conversion. */
  readonly error?: unknown;
  readonly lint: LintResult;
}

/** Converts for one platform. Faults do not throw: the warnings come with them. @throws what is no fault of the file */
export async function convertPlatform(
  build: FrontendBuild,
  platform: Platform,
  signal: AbortSignal,
): Promise<Conversion> {
  const { options, bridge, source, mergesLinks } = build;
  const reported: ReportedViolation[] = [];
  const text = Buffer.from(source.data).toString();
  const input: ConvertInput = {
    ...options,
    text,
    source,
    targetPlatform: platform,
    buildPlatform: bridge.platform,
    mergesLinks,
  };
  const lint = (loaded?: LoadedStages): LintResult =>
    lintDockerfile(text, {
      ...input,
      checks: options.buildArgs.get('BUILDKIT_DOCKERFILE_CHECK'),
      ...(loaded === undefined ? {} : lintBases(loaded)),
      reported,
    });
  let read: ReadPlan | undefined;
  try {
    read = planDockerfile(input);
    const converted = await convertDockerfile(convertDeps(build, reported), input, read, signal);
    return { converted, read, lint: lint(converted.loaded) };
  } catch (error) {
    return { error, ...(read === undefined ? {} : { read }), lint: lint() };
  }
}

function convertDeps(build: FrontendBuild, reported: ReportedViolation[]): ConvertDeps {
  const { bridge, options, context } = build;
  return {
    resolveImage: (request, signal) => bridge.resolveImage({ ...request, mode: options.resolveMode }, signal),
    namedContext: (name, platform, signal) => findContext(build, name, platform, signal),
    ignoreRules: async (signal) => rulesOf(await context.ignoreFile(signal)),
    context: (rules, paths) => context.files(rules, paths),
    warn: (rule, range, detail) => void reported.push({ rule, range, detail }),
  };
}

/** The rules look at the stages that are built, and at the settings of their images. */
function lintBases({ stages }: LoadedStages) {
  const configs = new Map(
    stages.map(({ index, base }) => [
      index,
      base.kind === 'image' ? base.config : base.kind === 'named' ? base.context.config : undefined,
    ]),
  );
  return {
    stages: new Set(stages.filter(({ instructions }) => instructions.length > 0).map(({ index }) => index)),
    baseImage: (_name: string, index: number) => {
      const bytes = configs.get(index);
      if (bytes === undefined) return undefined;
      const { config } = parseImageConfig(parseBoundedJson(bytes));
      return {
        env: new Map((config?.Env ?? []).map((entry) => [variableName(entry), variableValue(entry)])),
        hasShell: (config?.Shell ?? []).length > 0,
      };
    },
  };
}
