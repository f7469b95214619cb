import type { HostConfig } from '../../../spec/index.ts';
import type { Service } from '../../model/index.ts';
import type { References } from './references.ts';

type Namespaces = Pick<HostConfig, 'CgroupnsMode' | 'IpcMode' | 'PidMode' | 'UTSMode' | 'UsernsMode'>;

/** The namespaces of a service other than that of its network. */
export function namespacesOf(service: Service, references: References) {
  return {
    // The schema allows `host` and `private` alone.
    CgroupnsMode: service.cgroup as Namespaces['CgroupnsMode'],
    IpcMode: references.ipc ?? service.ipc,
    PidMode: references.pid ?? service.pid,
    UTSMode: service.uts,
    UsernsMode: service.userns_mode,
  };
}
