import { writeSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { execNode, sourceNode, writeDefinition } from '../../src/build/llb/index.ts';
import { code, connectGrpc, GrpcError, toRpcStatus } from '../../src/grpc/index.ts';
import { llbBridge } from '../../src/grpc/messages/gateway.ts';

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
  babble() {
    writeSync(1, 'This is no HTTP/2.\n'.repeat(100));
    setInterval(() => {}, 1000);
    return undefined as never;
  },
};

async function main(): Promise<void> {
  UNGREETED[task]?.();
  if (task === 'babble') return;
  const client = connectGrpc(Duplex.from({ readable: process.stdin, writable: process.stdout }));
  const asked = { allowResultReturn: true, allowResultArrayRef: true };
  if (task === 'flood') for (let at = 0; at < 100; at += 1) console.error(`${'x'.repeat(99)}\n`.repeat(1000));
  if (task === 'refuse') {
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
