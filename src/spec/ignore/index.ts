export { cleanPath } from './clean-path.ts';
export { parseIgnoreFile } from './ignore-file.ts';
export { type IgnoreRules, ignoreRules } from './ignore-rules.ts';
