/** The conditions of a rule of a Docker profile. All of them must hold; of `arches`, one must match. */
export interface RuleFilter {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  /** The oldest kernel, as `major.minor`. */
  readonly minKernel?: string;
}

export interface RuleArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

/** A rule in the notation of Docker profiles: an OCI rule with conditions. */
export interface ProfileRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly RuleArgument[];
  readonly includes?: RuleFilter;
  readonly excludes?: RuleFilter;
}
