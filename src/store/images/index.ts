export type { ImageStore, NewTarget, References, StoredImage, StoredTarget } from './image-store.ts';
export { type ImageStoreDeps, openImageStore } from './open-image-store.ts';
