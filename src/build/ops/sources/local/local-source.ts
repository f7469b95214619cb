import { createHash } from 'node:crypto';
import { invalid } from '../../../../base/errors.ts';
import type { Digest } from '../../../../base/ids.ts';
import type { Op, StepContext } from '../../../solver/index.ts';
import type { Tree } from '../../../tree.ts';
import { sessionOf } from '../session-of.ts';
import type { Source, SourceDeps } from '../source.ts';

/**
 * A directory of the client. It is received before the key is known: the key says which content of which kept folder it is, so
 * that steps over a directory without changes are found without reading a file of it.
 */
export function localSource({ name, attrs }: Source, deps: SourceDeps): Op<Tree> {
  const patterns = {
    includePatterns: listOf(attrs, 'local.includepattern'),
    excludePatterns: listOf(attrs, 'local.excludepatterns'),
    followPaths: listOf(attrs, 'local.followpaths'),
  };
  const hint = attrs.get('local.sharedkeyhint') ?? '';
  let path: string | undefined;
  return {
    async cacheKey(context) {
      const session = await sessionOf(attrs.get('local.session') ?? '', deps, context);
      // Without a key of its own a client's directory is known only during its session.
      const owner = session.sharedKey === '' ? session.id : session.sharedKey;
      const folder = await deps.contexts.take({
        key: JSON.stringify([name, hint, owner]),
        patterns: JSON.stringify(patterns),
      });
      context.keep(folder);
      const received = await session.receiveDirectory(
        {
          ...{ name, folder: folder.path, ...patterns },
          reusesFiles: attrs.get('local.differ') !== 'none',
          progress: reporter(context, name),
        },
        context.signal,
      );
      path = folder.path;
      return { digest: digestOf(`local\n${folder.complete(received)}`) };
    },
    async run() {
      if (path === undefined) throw new Error('a context is used before it has come');
      return [{ kind: 'folder', path }];
    },
  };
}

/** Reports bytes. A part of the step starts with its first report. */
function reporter(context: StepContext, name: string): (bytes: number, isDone: boolean) => void {
  const started = Date.now();
  return (current, isDone) => {
    context.report({
      id: `transferring ${name}:`,
      name: 'transferring',
      current,
      started,
      ...(isDone ? { completed: Date.now() } : {}),
    });
  };
}

/** @throws EngineError invalid */
function listOf(attrs: Source['attrs'], name: string): readonly string[] {
  const text = attrs.get(name) ?? '';
  if (text === '') return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw invalid(`invalid ${name}`, error);
  }
  if (Array.isArray(list) && list.every((value) => typeof value === 'string')) return list;
  throw invalid(`invalid ${name}`);
}

function digestOf(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;
}
