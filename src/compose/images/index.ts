export {
  type BuildArguments,
  type BuildChoices,
  buildArguments,
  builtService,
  contextServices,
} from './build-arguments.ts';
export { ensureImages, type ImageSource } from './ensure-images.ts';
export { type ImageOptions, type ImageWork, imageWork, maxAgeSeconds } from './image-work.ts';
