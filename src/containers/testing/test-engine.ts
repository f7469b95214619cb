import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/logger.ts';
import { hostFacts } from '../../runtime/index.ts';
import type { CreateContainerBody } from '../../spec/index.ts';
import type { ContainersDomain } from '../assemble-containers.ts';
import { type CreateContainersDeps, createContainers } from '../create-containers.ts';
import { NO_RUN_DEFAULTS } from '../model/run-defaults.ts';
import type { RootFiles } from '../world.ts';
import type { FakeLife } from './fake-host.ts';
import { FakeHost } from './fake-host.ts';
import { testImages } from './test-image.ts';

const NONE = (): never => assert.fail('the fake host has no files');
const NO_FILES = { changes: NONE, layer: NONE, export: NONE, stat: NONE, read: NONE, write: NONE };

const FACTS = hostFacts();
const DEFAULTS: CreateContainersDeps['defaults'] = {
  defaultRuntime: 'runc',
  shmSizeBytes: 64 * 1024 * 1024,
  cgroupnsMode: undefined,
  ulimits: [],
  log: { driver: 'json-file', options: {} },
};

/** A containers domain on a fake host. Tests can kill its daemon and start it again. Disposing removes the folder. */
export class TestEngine implements Disposable {
  readonly host = new FakeHost();
  readonly dataRoot = mkdtempSync(join(tmpdir(), 'gantry-containers-'));
  readonly signal = new AbortController().signal;
  readonly roots: { -readonly [K in keyof RootFiles]: RootFiles[K] } = {
    read: () => undefined,
    stat: () => undefined,
    readLink: () => undefined,
    makeDirectory: (root) => root,
    makeFile: () => {},
  };
  life: FakeLife;
  containers: ContainersDomain;

  private constructor() {
    this.life = this.host.daemon();
    this.containers = this.#assemble();
  }

  static async start(): Promise<TestEngine> {
    const engine = new TestEngine();
    await engine.containers.restore();
    return engine;
  }

  /** Starts a new daemon on the state of the last one. */
  async reboot(options: { killAfter?: number } = {}): Promise<void> {
    this.boot(options);
    await this.containers.restore();
  }

  boot(options: { killAfter?: number } = {}): void {
    this.life = this.host.daemon(options);
    this.containers = this.#assemble();
  }

  create(name: string, body: CreateContainerBody = {}): Promise<{ readonly id: string }> {
    const request = { name, platform: '', body: { Image: 'busybox', Cmd: ['sleep', '1'], ...body } };
    return this.containers.create(request, this.signal);
  }

  async run(name: string, body: CreateContainerBody = {}): Promise<string> {
    const { id } = await this.create(name, body);
    await this.containers.start(id, this.signal);
    return id;
  }

  /** Waits until announced exits and background work are done. */
  async idle(): Promise<void> {
    for (let i = 0; i < 5; i += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!this.life.dead) await this.containers.idle();
    }
  }

  async status(ref: string): Promise<string> {
    return (await this.containers.inspect(ref, { size: false })).State.Status;
  }

  /** The `action` of each event of a type, oldest first. */
  actions(type: string): readonly string[] {
    return this.host.events.filter((event) => event.Type === type).map((event) => event.Action);
  }

  folders(): readonly string[] {
    try {
      return readdirSync(join(this.dataRoot, 'containers'));
    } catch {
      return [];
    }
  }

  [Symbol.dispose](): void {
    this.host.daemon().kill();
    rmSync(this.dataRoot, { recursive: true, force: true });
  }

  #assemble(): ContainersDomain {
    const { life } = this;
    return createContainers({
      records: life.records,
      execRecords: life.execRecords,
      runtime: life.runtime,
      networks: life.networks,
      volumes: life.volumes,
      snapshots: life.snapshots,
      files: NO_FILES,
      sharedMemory: life.sharedMemory,
      pinnedPaths: life.pinnedPaths,
      images: testImages,
      clock: life.clock,
      events: life,
      logger: silentLogger,
      dataRoot: this.dataRoot,
      roots: this.roots,
      removeTree: async (path) => rmSync(path, { recursive: true, force: true }),
      reserve: { write: (change) => change(), freed: () => undefined },
      runDefaults: NO_RUN_DEFAULTS,
      logDefaults: { maxSizeBytes: 0, maxFiles: 1, compress: false },
      host: FACTS,
      cdiFolders: [],
      initPath: undefined,
      isRuntime: () => true,
      defaults: DEFAULTS,
    });
  }
}
