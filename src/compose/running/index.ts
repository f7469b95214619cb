export { COMPOSE_VERSION, LABEL } from './labels.ts';
export { observe, observeContainers, observeImages } from './observe.ts';
export type {
  Running,
  RunningContainer,
  RunningImage,
  RunningMount,
  RunningNetwork,
  RunningVolume,
} from './running.ts';
export { replacedIn } from './temporary-name.ts';
