export type {
  Frontend,
  FrontendBridge,
  FrontendRequest,
  FrontendResult,
  FrontendWarning,
  ReadFile,
  ResolvedImage,
  ResolveImage,
} from './bridge.ts';
export { type DockerfileFrontendOptions, dockerfileFrontend } from './dockerfile-frontend.ts';
