/** Bounds against hostile files. The first two are BuildKit's. */

/** Size of a Dockerfile, in bytes of UTF-8. */
export const DOCKERFILE_BYTES_MAX = 16 * 2 ** 20;
/** Length of one line without its line feed, in bytes of UTF-8. */
export const LINE_BYTES_MAX = 2 ** 16 - 1;
/** Length of one instruction, its continuation lines joined. A program's argument has at most 128 KiB on Linux. */
export const INSTRUCTION_CHARS_MAX = 2 ** 20;
export const INSTRUCTIONS_MAX = 50_000;
/** Words of all instructions together. */
export const WORDS_MAX = 500_000;
export const STAGES_MAX = 1000;
/** `${a:-${b:-…}}`, one within the other. */
export const EXPANSION_DEPTH_MAX = 100;
/** Length of one expanded text. */
export const EXPANSION_CHARS_MAX = 16 * 2 ** 20;
/** Characters written and pattern positions visited by one expander. 2^27 take about a second. */
export const EXPANSION_STEPS_MAX = 2 ** 27;
