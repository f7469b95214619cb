export { type FileKind, fromGoMode, toGoMode } from './go-mode.ts';
