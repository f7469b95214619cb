export type { CommitRequest } from './commit.ts';
export { createImages } from './create-images.ts';
export type { ImagesDeps, TransferLimits } from './deps.ts';
export { createImagePolicy, type ImagePolicy, type PolicyLimits } from './image-policy.ts';
export type { ImageInspect, ImageSummary, Images, ImageUsers, Progress } from './images.ts';
export type { PullRequest } from './pull/pull-image.ts';
export type { PushRequest } from './push/push-image.ts';
