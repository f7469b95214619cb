export { type ApplyContext, change, type HookContainer, type HookOutput } from './apply/apply-context.ts';
export { writeCopiedFiles } from './apply/copied-files.ts';
export { createContainers, isRunning, type ServiceContainer } from './apply/create-containers.ts';
export { type DownOptions, down } from './apply/down.ts';
export { dryEngine } from './apply/dry-engine.ts';
export { postStart, runHook } from './apply/hooks.ts';
export { forAll, inOrder } from './apply/in-order.ts';
export { type Reporter, type ResourceEvent, reporting } from './apply/reporter.ts';
export { seccompProfile } from './apply/seccomp-profile.ts';
export { startServices } from './apply/start-services.ts';
export { StateWatch } from './apply/state-watch.ts';
export { removeContainers, restartServices, type StopOptions, stopContainers } from './apply/stop-containers.ts';
export { type UpChanges, up } from './apply/up.ts';
export { waitUntilReady } from './apply/wait-until-ready.ts';
export { writeJson } from './config/write-json.ts';
export { writeMapping, writeProject } from './config/write-project.ts';
export { writeYaml } from './config/write-yaml.ts';
export { diskFiles, readStdin } from './disk/disk-files.ts';
export { readBounded } from './disk/read-bounded.ts';
export { byBytes } from './go/by-bytes.ts';
export { shellWords } from './go/shell-words.ts';
export { drawSvg } from './graph/draw-svg.ts';
export { drawText } from './graph/draw-text.ts';
export { type GraphEdge, type GraphNode, type ProjectGraph, projectGraph } from './graph/project-graph.ts';
export { networkHash, serviceHash, volumeHash } from './hash/config-hash.ts';
export { changedKeys, formatKeyHashes, keyHashes } from './hash/key-hashes.ts';
export { bakeFile } from './images/bake-file.ts';
export {
  type BuildArguments,
  type BuildChoices,
  buildArguments,
  builtService,
  contextServices,
} from './images/build-arguments.ts';
export { ensureImages, type ImageSource } from './images/ensure-images.ts';
export { type ImageOptions, type ImageWork, imageWork, maxAgeSeconds } from './images/image-work.ts';
export { checkContainerNames } from './load/check/check-consistency.ts';
export { withEnvironments } from './load/dotenv/resolve-services.ts';
export { findVariables, type UsedVariable } from './load/interpolate/find-variables.ts';
export { loadMapping, loadProject, type ProjectMapping } from './load/load-project.ts';
export { findProject, type ProjectRequest } from './load/names/find-project.ts';
export type { ProjectSource } from './load/names/project-source.ts';
export {
  withOnlyServices,
  withoutUnused,
  withSelectedServices,
  withServicesEnabled,
} from './load/profiles/select-services.ts';
export { readShortPort, readShortVolume } from './load/short-forms.ts';
export {
  ALL_STEPS,
  type Environment,
  type FetchedRemote,
  type Loading,
  type LoadOptions,
  type ProjectFiles,
} from './load/world.ts';
export { placed } from './load/yaml/with-place.ts';
export { type Format, type Output, OutputMap } from './model/output.ts';
export type { Config, Model, Network, Project, Secret, Table, Volume } from './model/project.ts';
export type {
  Dependency,
  EnvFile,
  HealthCheck,
  Service,
  ServiceNetwork,
  ServicePort,
  ServiceVolume,
} from './model/service.ts';
export { isMapping, type Mapping, type Value } from './model/value.ts';
export { usesApiSocket, withApiSocket } from './plan/api-socket.ts';
export { containerBody, stopSeconds } from './plan/container/container-body.ts';
export { networkName } from './plan/container/endpoints.ts';
export { type CopiedFile, isMountedFile, mountedFiles } from './plan/container/files.ts';
export { imageOf } from './plan/container/image-of.ts';
export { volumeName } from './plan/container/mounts.ts';
export type { NewContainer, OneOff } from './plan/container/new-container.ts';
export { profileFile } from './plan/container/security.ts';
export type { ContainerChange, Plan, RecreateReason, ResourceChange, ServicePlan } from './plan/plan.ts';
export { containerName, type Hashes, orphansOf, planUp, replicasOf, type UpOptions } from './plan/plan-up.ts';
export type { RecreatePolicy } from './plan/recreate-reason.ts';
export { referencedServices, resolveReferences } from './plan/resolve-references.ts';
export { networkBody, volumeBody } from './plan/resource-bodies.ts';
export { dependenciesOf, dependentsOf, serviceOrder, withDependencies, withDependents } from './plan/service-order.ts';
export { upModels } from './programs/models.ts';
export { downProvider, upProviders } from './programs/provider.ts';
export type { ProgramHost } from './programs/run-program.ts';
export { checkPublication, concerns } from './publish/check-publication.ts';
export { type Artifact, artifactOf, imagesIndex, type OciVersion } from './publish/manifests.ts';
export { digestsFile, type PublishedFile, publishedFiles } from './publish/published-files.ts';
export { type RemoteDeps, remoteFetcher } from './remote/fetch-remote.ts';
export { isRemoteAddress, withoutLogin } from './remote/remote-address.ts';
export { COMPOSE_VERSION, LABEL } from './running/labels.ts';
export { observe, observeContainers, observeImages } from './running/observe.ts';
export type {
  Running,
  RunningContainer,
  RunningImage,
  RunningMount,
  RunningNetwork,
  RunningVolume,
} from './running/running.ts';
export { attachOutput, type LogSource, printLogs } from './view/container-output.ts';
export {
  type EndedContainer,
  type FollowOptions,
  followProject,
  type ProjectFollower,
} from './view/follow-project.ts';
export { liveResources, type Screen } from './view/live-resources.ts';
export { type LogOutput, LogPrinter } from './view/log-printer.ts';
export { printMergedLogs } from './view/merge-logs.ts';
export { type ResourceView, resourceJson, resourceLines } from './view/resource-view.ts';
export { filesBelow } from './watch/files-below.ts';
export { syncFiles } from './watch/sync-files.ts';
export { type PathWatch, watchPaths } from './watch/watch-paths.ts';
export { type WatchAction, type WatchRule, watchRules } from './watch/watch-rules.ts';
export { type ServiceSync, type WatchWork, watchWork } from './watch/watch-work.ts';
