export type { CopyDeps } from './copy-deps.ts';
export { archiveOf, type CopyFromOptions, copyFrom } from './copy-from.ts';
export { type CopyToOptions, copyTo, unpackInto } from './copy-to.ts';
