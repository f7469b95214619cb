import { API_VERSION, MIN_API_VERSION } from '../api/index.ts';
import { ENGINE_VERSION } from './engine-version.ts';
import { ociArchitecture, readHostFacts } from './host/host-facts.ts';
import type { Programs } from './host/programs.ts';

/** Returns the body of GET /version. Clients show `GoVersion` as the engine's platform. */
export async function versionInfo(programs: Programs, isExperimental: boolean): Promise<object> {
  const { kernelVersion } = readHostFacts();
  const arch = ociArchitecture();
  const runtime = `node${process.version.slice(1)}`;
  const [runtimeName = '', runtimeVersion = ''] = (await programs.runtimeVersion()).split(' ');
  const initVersion = (await programs.initVersion()).split(' ')[1] ?? '';
  return {
    Platform: { Name: 'Gantry' },
    Components: [
      {
        Name: 'Engine',
        Version: ENGINE_VERSION,
        Details: {
          ApiVersion: API_VERSION,
          Arch: arch,
          BuildTime: '',
          Experimental: String(isExperimental),
          GitCommit: '',
          GoVersion: runtime,
          KernelVersion: kernelVersion,
          MinAPIVersion: MIN_API_VERSION,
          Os: 'linux',
        },
      },
      { Name: runtimeName, Version: runtimeVersion, Details: { GitCommit: '' } },
      ...(programs.init === undefined
        ? []
        : [{ Name: 'docker-init', Version: initVersion, Details: { GitCommit: '' } }]),
    ],
    Version: ENGINE_VERSION,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: '',
    GoVersion: runtime,
    Os: 'linux',
    Arch: arch,
    KernelVersion: kernelVersion,
    BuildTime: '',
  };
}
