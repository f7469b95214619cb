import { writeSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { execNode, sourceNode, writeDefinition } from '../../src/build/llb/index.ts';
import { code, connectGrpc, type GrpcClient, GrpcError, toRpcStatus } from '../../src/grpc/index.ts';
import { attestationKind, inTotoSubjectKind, llbBridge } from '../../src/grpc/messages/gateway.ts';

// A frontend for the tests of frontends' images. The last word of its command line says what it does.

const options = new Map(
  Object.entries(process.env).flatMap(([name, value = '']): (readonly [string, string])[] => {
    if (!name.startsWith('BUILDKIT_FRONTEND_OPT_')) return [];
    const at = value.indexOf('=');
    return [[value.slice(0, at), value.slice(at + 1)]];
  }),
);
const never = new AbortController().signal;
const task = (options.get('cmdline') ?? options.get('do') ?? '').split(' ').at(-1) ?? '';

const UNGREETED: Readonly<Record<string, () => never>> = {
  leave: () => process.exit(0),
  crash() {
    console.error('it went wrong');
    process.exit(5);
  },
  sleep() {
    setInterval(() => {}, 1000);
    return undefined as never;
  },
  noise() {
    // Frames of a length that no peer allows, without end.
    writeSync(1, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    for (;;) {
      try {
        writeSync(1, Buffer.alloc(1 << 20, 0xff));
      } catch {
        // The pipe is full, or nobody reads it any more.
      }
    }
  },
  babble() {
    writeSync(1, 'This is no HTTP/2.\n'.repeat(100));
    setInterval(() => {}, 1000);
    return undefined as never;
  },
};

/** Asks for what it was not given, and says how that ended. */
async function grab(client: GrpcClient): Promise<void> {
  const base = { node: sourceNode({ identifier: 'docker-image://docker.io/library/busybox:latest' }), output: 0 };
  const lead = 'ln -s / /root-of-all; ln -s /proc/self/root /magic; mknod /null c 1 3; mkfifo /pipe';
  const meta = { args: ['sh', '-c', lead], cwd: '/' };
  const node = execNode({ root: base, meta, mounts: [] });
  const asked = { allowResultReturn: true, allowResultArrayRef: true, Evaluate: true };
  const solve = (edge: object) =>
    client.unary(llbBridge.Solve, { ...asked, Definition: writeDefinition(edge as typeof base) }, {}, never);
  const Ref = (await solve({ node, output: 0 })).result?.ref?.id ?? '';
  const read = (FilePath: string) => client.unary(llbBridge.ReadFile, { Ref, FilePath }, {}, never);
  const Mounts = [{ dest: '/', resultID: Ref, output: -1 }];
  const insecure = async () => {
    await client.unary(llbBridge.NewContainer, { ContainerID: 'i', Mounts }, {}, never);
    const call = client.call(llbBridge.ExecProcess, {}, never);
    await call.send({
      ProcessID: 'p',
      Init: { ContainerID: 'i', Meta: { args: ['id'], cwd: '/' }, Fds: [1], Security: 1 },
    });
    for await (const { Done } of call.responses) if (Done !== undefined) return;
  };
  const outside = options.get('build-arg:OUTSIDE') ?? '';
  const attacks: Readonly<Record<string, () => Promise<unknown>>> = {
    parent: () => read(`../../../../../../../..${outside}`),
    link: () => read(`/root-of-all${outside}`),
    magic: () => read(`/magic${outside}`),
    device: () => read('/null'),
    pipe: () => read('/pipe'),
    ref: () => client.unary(llbBridge.ReadFile, { Ref: 'abcdef', FilePath: '/etc/passwd' }, {}, never),
    returned: () => client.unary(llbBridge.Return, { result: { ref: { id: 'abcdef' } } }, {}, never),
    host: () => client.unary(llbBridge.NewContainer, { ContainerID: 'h', Mounts, Network: 1 }, {}, never),
    insecure,
    step: () => solve({ node: execNode({ root: base, meta, mounts: [], network: 1 }), output: 0 }),
    large: () => read('x'.repeat(64 << 20)),
  };
  for (const [name, attack] of Object.entries(attacks)) {
    const ended = await attack().then(
      () => 'done',
      (error: unknown) => (error instanceof GrpcError ? `refused ${error.code}` : String(error)),
    );
    console.error(`grab ${name}: ${ended}`);
  }
}

/** Returns a result with statements about it: a file with a predicate, and a bundle. */
async function attest(client: GrpcClient): Promise<void> {
  const base = { node: sourceNode({ identifier: 'docker-image://docker.io/library/busybox:latest' }), output: 0 };
  const asked = { allowResultReturn: true, allowResultArrayRef: true };
  const made = async (script: string) => {
    const meta = { args: ['sh', '-c', script], cwd: '/out' };
    const node = execNode({ root: base, meta, mounts: [{ target: '/out' }] });
    const Definition = writeDefinition({ node, output: 1 });
    return (await client.unary(llbBridge.Solve, { ...asked, Definition }, {}, never)).result?.ref;
  };
  const bundled = {
    predicateType: 'https://example.com/bundled',
    subject: [{ name: 'source', digest: { sha256: 'ab' } }],
    predicate: { in: 'bundle' },
  };
  const ref = await made('echo result > file');
  const about = await made(
    `mkdir b; echo '{"is":"predicate"}' > predicate.json; echo '${JSON.stringify(bundled)}' > b/bundled.json`,
  );
  const isForged = options.get('build-arg:FORGE') !== undefined;
  const inTotoPredicateType = isForged ? 'https://slsa.dev/provenance/v1' : 'https://example.com/file';
  const inTotoSubjects = [
    { kind: inTotoSubjectKind.Self },
    { kind: inTotoSubjectKind.Raw, name: 'other', digest: ['sha256:cd'] },
  ];
  const attestation = [
    { ref: about, kind: attestationKind.InToto, path: 'predicate.json', inTotoPredicateType, inTotoSubjects },
    { ref: about, kind: attestationKind.Bundle, path: 'b' },
  ];
  const platform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const result = { ref, attestations: new Map([[platform, { attestation }]]) };
  await client.unary(llbBridge.Return, { result }, {}, never);
}

async function main(): Promise<void> {
  UNGREETED[task]?.();
  if (task === 'babble' || task === 'sleep') return;
  const client = connectGrpc(Duplex.from({ readable: process.stdin, writable: process.stdout }));
  const asked = { allowResultReturn: true, allowResultArrayRef: true };
  if (task === 'grab') await grab(client);
  if (task === 'flood') for (let at = 0; at < 100; at += 1) console.error(`${'x'.repeat(99)}\n`.repeat(1000));
  if (task === 'attest') await attest(client);
  else if (task === 'refuse') {
    const error = toRpcStatus(new GrpcError(code.invalidArgument, 'the frontend does not like it'));
    await client.unary(llbBridge.Return, { error }, {}, never);
  } else if (task === 'dockerfile') {
    // Lets the built-in frontend do the work, with one more label.
    const FrontendOpt = new Map([...options, ['label:by', 'frontend']]);
    const { result } = await client.unary(
      llbBridge.Solve,
      { ...asked, Frontend: 'dockerfile.v0', FrontendOpt },
      {},
      never,
    );
    await client.unary(llbBridge.Return, { result }, {}, never);
  } else {
    const { FrontendAPICaps, Workers } = await client.unary(llbBridge.Ping, {}, {}, never);
    const facts = {
      caps: FrontendAPICaps.length > 0,
      workers: Workers.length === JSON.parse(process.env['BUILDKIT_WORKERS'] ?? '').length,
      session: process.env['BUILDKIT_SESSION_ID'] !== '',
      product: process.env['BUILDKIT_EXPORTEDPRODUCT'],
      argument: options.get('build-arg:A'),
    };
    const base = { node: sourceNode({ identifier: 'docker-image://docker.io/library/busybox:latest' }), output: 0 };
    const node = execNode({
      root: base,
      meta: { args: ['sh', '-c', `echo '${JSON.stringify(facts)}' > /facts`], cwd: '/' },
      mounts: [],
    });
    const Definition = writeDefinition({ node, output: 0 });
    const { result } = await client.unary(llbBridge.Solve, { ...asked, Definition }, {}, never);
    if (task === 'container') {
      const Mounts = [{ dest: '/', resultID: result?.ref?.id ?? '', output: -1 }];
      await client.unary(llbBridge.NewContainer, { ContainerID: 'c', Mounts }, {}, never);
      const call = client.call(llbBridge.ExecProcess, {}, never);
      await call.send({
        ProcessID: 'p',
        Init: { ContainerID: 'c', Meta: { args: ['cat', '/facts'], cwd: '/' }, Fds: [1] },
      });
      for await (const { File, Done } of call.responses) {
        if (File !== undefined && File.Data.length > 0) console.error(`container: ${File.Data.toString()}`);
        if (Done !== undefined) break;
      }
      call.end();
    }
    await client.unary(llbBridge.Return, { result }, {}, never);
  }
  if (task === 'linger') setInterval(() => {}, 1000);
  else process.exit(0);
}

await main();
