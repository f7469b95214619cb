/** What a rule of a Docker profile is made to depend on; all that are given must hold (of `arches`, one). */
export interface RuleFilter {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  /** `major.minor` of the oldest kernel. */
  readonly minKernel?: string;
}

export interface RuleArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

/** A rule in the notation of Docker profiles: an OCI rule that may be conditional. */
export interface ProfileRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly RuleArgument[];
  readonly includes?: RuleFilter;
  readonly excludes?: RuleFilter;
}
