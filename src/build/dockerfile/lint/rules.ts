import { quote } from '../values/quote.ts';

/** What a rule says about all its warnings. */
export interface Rule {
  readonly description: string;
  /** Runs only where `experimental=` names it. */
  readonly isExperimental?: true;
}

/** BuildKit's rules. The last two need more than the Dockerfile: the conversion reports them. */
export const RULES = {
  StageNameCasing: { description: 'Stage names should be lowercase' },
  FromAsCasing: { description: "The 'as' keyword should match the case of the 'from' keyword" },
  NoEmptyContinuation: { description: 'Empty continuation lines will become errors in a future release' },
  ConsistentInstructionCasing: {
    description: 'All commands within the Dockerfile should use the same casing (either upper or lower)',
  },
  DuplicateStageName: { description: 'Stage names should be unique' },
  ReservedStageName: { description: 'Reserved words should not be used as stage names' },
  JSONArgsRecommended: {
    description: 'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
  },
  MaintainerDeprecated: {
    description: 'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
  },
  UndefinedArgInFrom: { description: 'FROM command must use declared ARGs' },
  WorkdirRelativePath: {
    description:
      'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  },
  UndefinedVar: { description: 'Variables should be defined before their use' },
  MultipleInstructionsDisallowed: {
    description: 'Multiple instructions of the same type should not be used in the same stage',
  },
  LegacyKeyValueFormat: {
    description: 'Legacy key/value format with whitespace separator should not be used',
  },
  RedundantTargetPlatform: {
    description: 'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  },
  SecretsUsedInArgOrEnv: { description: 'Sensitive data should not be used in the ARG or ENV commands' },
  InvalidDefaultArgInFrom: {
    description: 'Default value for global ARG results in an empty or invalid base image name',
  },
  FromPlatformFlagConstDisallowed: { description: 'FROM --platform flag should not use a constant value' },
  ExposeProtoCasing: { description: 'Protocol in EXPOSE instruction should be lowercase' },
  ExposeInvalidFormat: {
    description:
      'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
  },
  InvalidDefinitionDescription: {
    description:
      'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
    isExperimental: true,
  },
  InvalidBaseImagePlatform: { description: 'Base image platform does not match expected target platform' },
  CopyIgnoredFile: { description: 'Attempting to Copy file that is excluded by .dockerignore', isExperimental: true },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof RULES;

/** The page that explains a rule. */
export function ruleUrl(name: RuleName): string {
  const path = name.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase();
  return `https://docs.docker.com/go/dockerfile/rule/${path}/`;
}

/** The texts of single warnings. */
export const DETAILS = {
  stageNameCasing: (name: string) => `Stage name '${name}' should be lowercase`,
  fromAsCasing: (from: string, as: string) => `'${as}' and '${from}' keywords' casing do not match`,
  emptyContinuation: () => 'Empty continuation line',
  instructionCasing: (name: string, casing: string) =>
    `Command '${name}' should match the case of the command majority (${casing})`,
  duplicateStage: (name: string) => `Duplicate stage name ${quote(name)}, stage names should be unique`,
  reservedStage: (name: string) => `Stage name should not use the same name as reserved stage ${quote(name)}`,
  jsonArgs: (name: string) =>
    `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`,
  maintainer: () => 'Maintainer instruction is deprecated in favor of using label',
  undefinedArg: (name: string, meant: string) => `FROM argument '${name}' is not declared${meant}`,
  relativeWorkdir: (path: string) =>
    `Relative workdir ${quote(path)} can have unexpected results if the base image changes`,
  undefinedVariable: (name: string, meant: string) => `Usage of undefined variable '$${name}'${meant}`,
  multiple: (name: string) =>
    `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`,
  legacyPair: (name: string) => `"${name} key=value" should be used instead of legacy "${name} key value" format`,
  redundantPlatform: (platform: string) =>
    `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`,
  secret: (keyword: string, name: string) =>
    `Do not use ARG or ENV instructions for sensitive data (${keyword} ${quote(name)})`,
  invalidDefault: (base: string) => `Default value for ARG ${base} results in empty or invalid base image name`,
  constantPlatform: (platform: string) => `FROM --platform flag should not use constant value ${quote(platform)}`,
  protocolCasing: (port: string) => `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
  portMapping: (port: string) =>
    `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
  basePlatform: (name: string, actual: string, expected: string) =>
    `Base image ${name} was pulled with platform ${quote(actual)}, expected ${quote(expected)} for current build`,
  ignoredFile: (verb: 'Add' | 'Copy', path: string) =>
    `Attempting to ${verb} file ${quote(path)} that is excluded by .dockerignore`,
  description: (keyword: string, name: string) =>
    `Comment for ${keyword} should follow the format: \`# ${name} <description>\``,
} as const;
