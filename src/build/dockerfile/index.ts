export { convertDockerfile, planDockerfile, type ReadPlan } from './convert/convert-dockerfile.ts';
export type {
  ConvertDeps,
  Converted,
  ConvertInput,
  NamedContext,
  RunOptions,
  RunResources,
} from './convert/convert-input.ts';
export { variableName, variableValue } from './convert/env-list.ts';
export type { External, LoadedStage, LoadedStages } from './convert/load-stages.ts';
export { opPlatform } from './convert/platform.ts';
export { gitEdge, httpEdge } from './convert/remote-sources.ts';
export type { ScanTargets } from './convert/scan-targets.ts';
export { createExpander, type Expander } from './expand/expand.ts';
export type { Expanded, ExpandMode, Variables } from './expand/expanded.ts';
export { expandInstruction, HEREDOC_MODE, type WordExpansion } from './instructions/expand-instruction.ts';
export type {
  AddInstruction,
  ArgDefinition,
  ArgInstruction,
  CmdInstruction,
  Command,
  CopyInstruction,
  Copying,
  EntrypointInstruction,
  EnvInstruction,
  ExposeInstruction,
  FromInstruction,
  HealthCheckInstruction,
  InlineFile,
  Instruction,
  LabelInstruction,
  MaintainerInstruction,
  OnBuildInstruction,
  RunInstruction,
  ShellFile,
  ShellInstruction,
  Source,
  StopSignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from './instructions/instruction.ts';
export type { CacheSharing, Mount, MountType } from './instructions/mount.ts';
export { type ExpandWord, parseMount } from './instructions/parse-mount.ts';
export { type ExposedPorts, exposedPorts, type PortWord, parsePort } from './instructions/port.ts';
export { readInstruction } from './instructions/read-instruction.ts';
export { type Dockerfile, readStages, type Stage } from './instructions/read-stages.ts';
export type { Device } from './instructions/run-device.ts';
export { type LintInput, type LintResult, lintDockerfile, type ReportedViolation } from './lint/lint-dockerfile.ts';
export type { RuleName } from './lint/rules.ts';
export type { BaseImage } from './lint/stage-lint.ts';
export type { Warning } from './lint/warnings.ts';
export { linesOf, type Position, type Range } from './location.ts';
export {
  type Directive,
  type DirectiveName,
  detectSyntax,
  findDirective,
  type SyntaxChoice,
} from './parse/directives.ts';
export { cutTabs, parseHeredocStart } from './parse/heredocs.ts';
export { parseDockerfile } from './parse/parse-dockerfile.ts';
export type { Escape, Heredoc, KeyValue, ParsedDockerfile, ParsedInstruction } from './parse/tree.ts';
export { type ExpandedFrom, expandFrom, type ResolvedFrom, resolveFrom } from './scope/expand-from.ts';
export { type GlobalInput, globalScope, predefinedArgs } from './scope/global-args.ts';
export { Scope } from './scope/scope.ts';
export { atPlace, placeOf, sourceError } from './source-error.ts';
export { csvFields } from './values/csv-fields.ts';
export { quote } from './values/quote.ts';
