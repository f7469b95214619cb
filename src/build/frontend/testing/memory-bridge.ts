import { EngineError } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import type { Platform } from '../../../spec/index.ts';
import type { FrontendBridge, FrontendWarning } from '../bridge.ts';
import type { DirectoryRequest, MemoryDirectories } from './memory-session.ts';

export interface MemoryBridgeInit {
  readonly directories: MemoryDirectories;
  /** Configurations by the short names of images. */
  readonly images: Readonly<Record<string, unknown>>;
  readonly platform: Platform;
  readonly sessionId: string;
}

export interface MemoryBridge extends FrontendBridge {
  readonly warnings: readonly FrontendWarning[];
  /** The directories that the frontend asked for. */
  readonly requests: readonly DirectoryRequest[];
  /** Other frontends that were asked: `gateway.v0 IMAGE: COMMAND LINE`. */
  readonly asked: readonly string[];
}

/** A bridge whose client has files in memory, and whose engine has images without files. */
export function memoryBridge({ directories, images, platform, sessionId }: MemoryBridgeInit): MemoryBridge {
  const warnings: FrontendWarning[] = [];
  const requests: DirectoryRequest[] = [];
  const read = new Set<string>();
  const asked: string[] = [];
  return {
    warnings,
    requests,
    asked,
    platform,
    sessionId,
    warn: (warning) => void warnings.push(warning),
    async readFile({ edge, path }) {
      const { identifier = '', attrs = new Map<string, string>() } = edge.node.op.source ?? {};
      const name = identifier.replace('local://', '');
      const list = (key: string): string[] => JSON.parse(attrs.get(key) ?? '[]');
      const followPaths = list('local.followpaths');
      if (identifier.startsWith('local://') && !read.has(edge.node.digest)) {
        read.add(edge.node.digest);
        requests.push({ name, followPaths, excludePatterns: [], includePatterns: [] });
      }
      const text = directories[name]?.[path];
      if (text === undefined) throw new EngineError('notFound', `open ${path}: no such file or directory`);
      return Buffer.from(text);
    },
    async solve(frontend, { options }) {
      asked.push(`${frontend} ${options.get('source')}: ${options.get('cmdline')}`);
      return { refs: [], metadata: new Map() };
    },
    async resolveImage({ ref }) {
      const config = images[ref.replace('docker.io/', '').replace(/:latest$/, '')];
      if (config === undefined) throw new EngineError('notFound', `${ref}: not found`);
      return { ref, digest: `sha256:${'0'.repeat(64)}` as Digest, config: Buffer.from(JSON.stringify(config)) };
    },
  };
}
