import { posix } from 'node:path';
import { invalid } from '../../../base/errors.ts';
import type { Init } from '../../../grpc/index.ts';
import { cacheSharingOpt, type mount, mountType, type secretEnv } from '../../../grpc/messages/pb.ts';
import { cleanPath } from '../../../spec/index.ts';
import { type ExecMount, fileNode, type LlbEdge } from '../../llb/index.ts';
import type { RunInstruction } from '../instructions/instruction.ts';
import type { Mount } from '../instructions/mount.ts';
import { parseMount } from '../instructions/parse-mount.ts';
import { quote } from '../values/quote.ts';
import type { FileSource, InstructionContext } from './instruction-context.ts';
import { rootedPath } from './paths.ts';
import { type BuiltTrees, internalNotes } from './stage-draft.ts';

/** The mounts of a RUN. */
export interface RunMounts {
  list(built: BuiltTrees): readonly ExecMount[];
  readonly secrets: readonly Init<typeof mount>[];
  readonly secretEnvironment: readonly Init<typeof secretEnv>[];
  /** Where the first ssh agent of the client listens. */
  readonly agentSocket: string | undefined;
}

type MakeMount = (built: BuiltTrees) => ExecMount;

const SHARINGS = { shared: cacheSharingOpt.SHARED, private: cacheSharingOpt.PRIVATE, locked: cacheSharingOpt.LOCKED };

/** @throws EngineError invalid */
export function runMounts(run: RunInstruction, context: InstructionContext): RunMounts {
  const mounts = run.mounts.map((text) => parseMount(text, context.word));
  const secrets = mounts.filter(({ type }) => type === 'secret');
  const agents = mounts.filter(({ type }) => type === 'ssh').map(agentMount);
  const makers = mounts
    .filter(({ type }) => type !== 'secret' && type !== 'ssh')
    .map((each) => fileMount(each, context));
  const { shmBytes } = context.input.run;
  const shared = shmBytes > 0 ? [{ target: '/dev/shm', tmpfs: { sizeBytes: shmBytes } }] : [];
  return {
    list: (built) => [...makers.map((make) => make(built)), ...shared],
    secrets: [...secrets.flatMap(secretMount), ...agents],
    secretEnvironment: secrets.flatMap((each) =>
      each.env === undefined ? [] : [{ ID: secretId(each), name: each.env, optional: each.isRequired !== true }],
    ),
    agentSocket: agents[0]?.dest,
  };
}

function fileMount(given: Mount, context: InstructionContext): MakeMount {
  const { stage, input } = context;
  const target = targetOf(given, stage.folder);
  const common = { target, isReadOnly: given.isReadOnly };
  if (given.type === 'tmpfs') return () => ({ ...common, tmpfs: { sizeBytes: given.sizeBytes ?? 0 } });
  const path = rootedPath(given.source ?? '');
  const selector = path === '/' ? '' : path;
  if (given.type === 'bind') {
    const source = sourceOf(given, target, context);
    if ((given.from ?? '') === '') context.needPath(path);
    return (built) => ({ ...common, source: source.edge(built), selector, hasNoOutput: true });
  }
  const cache = {
    id: `${input.run.cacheNamespace}/${given.id || cleanPath(given.target ?? '')}`,
    sharing: SHARINGS[given.sharing ?? 'shared'],
  };
  if (given.mode !== undefined || given.uid !== undefined || given.gid !== undefined) {
    const source = cacheFolder(given);
    return () => ({ ...common, source, selector: '/cache', cache });
  }
  if (given.from === undefined || given.from === '') return () => ({ ...common, selector, cache });
  const source = sourceOf(given, target, context);
  return (built) => ({ ...common, source: source.edge(built), selector, cache });
}

function sourceOf({ from = '' }: Mount, target: string, context: InstructionContext): FileSource {
  const source = context.sourceOf(from, 'run');
  if (source !== undefined) return source;
  throw invalid(`cannot mount from stage "${from}" to "${target}", stage needs to be defined before current command`);
}

function targetOf({ target = '' }: Mount, folder: string): string {
  const path = target.startsWith('/') ? cleanPath(target) : cleanPath(`${folder}/${target}`);
  if (path === '/') throw invalid(`invalid mount target ${quote(path)}`);
  return path;
}

/** The folder that a new cache mount starts with. */
function cacheFolder({ mode = 0o755, uid = 0, gid = 0 }: Mount): LlbEdge {
  const node = fileNode({
    base: undefined,
    changes: [{ mkdir: { path: '/cache', mode, timestamp: -1n }, owner: { user: String(uid), group: String(gid) } }],
    ...internalNotes('setting cache mount permissions'),
  });
  return { node, output: 0 };
}

function secretId({ id, source, target = '' }: Mount): string {
  return id || source || posix.basename(target);
}

function secretMount(given: Mount): Init<typeof mount>[] {
  const id = secretId(given);
  if (given.env !== undefined && given.target === undefined) return [];
  return [
    {
      input: -1,
      dest: given.target || `/run/secrets/${posix.basename(id)}`,
      mountType: mountType.SECRET,
      secretOpt: {
        ID: id,
        uid: given.uid,
        gid: given.gid,
        mode: given.mode ?? 0o400,
        optional: given.isRequired !== true,
      },
    },
  ];
}

function agentMount(given: Mount, index: number): Init<typeof mount> & { readonly dest: string } {
  return {
    input: -1,
    dest: given.target || `/run/buildkit/ssh_agent.${index}`,
    mountType: mountType.SSH,
    SSHOpt: {
      ID: given.id,
      uid: given.uid,
      gid: given.gid,
      mode: given.mode ?? 0o600,
      optional: given.isRequired !== true,
    },
  };
}
