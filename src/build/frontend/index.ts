export { type FrontendAttestation, SPDX } from './attestation.ts';
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
export { lackedCapability } from './check-request.ts';
export { type DockerfileFrontendOptions, dockerfileFrontend } from './dockerfile-frontend.ts';
export { openScanner, type Scanned, type Scanner } from './scan-packages.ts';
