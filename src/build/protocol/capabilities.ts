import type { Init } from '../../grpc/index.ts';
import type { apiCap } from '../../grpc/messages/apicaps.ts';

type Cap = Init<typeof apiCap>;

/**
 * What the builder can do, by BuildKit's names. Clients test some names only for being listed: what does not work is not
 * listed at all.
 */
const FRONTEND = [
  'solve.base',
  'solve.inlinereturn',
  'resolveimage',
  'resolveimage.resolvemode',
  'readfile',
  'readdir',
  'statfile',
  'return',
  'returnmap',
  'reference.output',
  'proto.refarray',
  'frontend.inputs',
  'frontend.caps',
  'gateway.solve.metadata',
  'gateway.solve.evaluate',
  'gateway.evaluate',
  'gateway.warnings',
  'source.metaresolver',
];

const GRAPH = [
  'source.image',
  'source.image.resolvemode',
  'source.local',
  'source.local.unique',
  'source.local.sessionid',
  'source.local.includepatterns',
  'source.local.followpaths',
  'source.local.excludepatterns',
  'source.local.sharedkeyhint',
  'source.local.differ',
  'source.git',
  'source.git.keepgitdir',
  'source.git.fullurl',
  'source.git.httpauth',
  'source.git.knownsshhosts',
  'source.git.mountsshsock',
  'source.git.subdir',
  'source.git.checksum',
  'source.git.skipsubmodules',
  'source.http',
  'source.http.auth',
  'source.http.checksum',
  'source.http.perm',
  // BuildKit spells it so.
  'soruce.http.uidgid',
  'source.ocilayout',
  'exec.meta.base',
  'exec.meta.cgroup.parent',
  'exec.meta.network',
  'exec.meta.proxyenv',
  'exec.meta.security',
  'exec.meta.setsdefaultpath',
  'exec.meta.ulimit',
  'exec.mount.bind',
  'exec.mount.bind.readwrite-nooutput',
  'exec.mount.cache',
  'exec.mount.cache.sharing',
  'exec.mount.selector',
  'exec.mount.tmpfs',
  'exec.mount.tmpfs.size',
  'exec.mount.secret',
  'exec.mount.ssh',
  'exec.secretenv',
  'exec.validexitcode',
  'exec.cgroup',
  'file.base',
  'file.rm.wildcard',
  'file.rm.nofollowsymlink',
  'file.copy.includeexcludepatterns',
  'file.copy.alwaysreplaceexistingdestpaths',
  'file.symlink.create',
  'mergeop',
  'diffop',
  'constraints',
  'platform',
  'meta.ignorecache',
  'meta.description',
  'meta.exportcache',
  'exporter.multiple',
  'exporter.image.annotations',
  'exporter.image.attestations',
  'exporter.sourcedateepoch',
  'gc.freespacefilter',
];

const enabled = (ids: readonly string[]): readonly Cap[] => ids.map((ID) => ({ ID, Enabled: true }));

export const FRONTEND_CAPS = enabled(FRONTEND);
export const GRAPH_CAPS = enabled(GRAPH);
