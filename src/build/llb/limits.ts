/** Bounds against hostile definitions. */
export const OPS_MAX = 100_000;
/** Inputs of all ops together. */
export const INPUTS_MAX = 500_000;
/** Steps that follow each other. */
export const DEPTH_MAX = 60_000;
/** Ranges of lines in sources. */
export const RANGES_MAX = 200_000;
