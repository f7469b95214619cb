export { createImages } from './create-images.ts';
export type { ImagesDeps } from './deps.ts';
export type { ImageInspect, ImageSummary, Images, ImageUsers, Progress } from './images.ts';
