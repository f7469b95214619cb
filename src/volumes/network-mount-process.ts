// A separate program: it mounts or detaches one network file system, whose server may not respond for minutes.
import { lookup } from 'node:dns/promises';
import { text } from 'node:stream/consumers';
import { messageOf } from '../base/errors.ts';
import { detachMount, mount, SyscallError } from '../linux/index.ts';
import type { NetworkMountAnswer, NetworkMountJob } from './network-mount-job.ts';

async function perform(job: NetworkMountJob): Promise<NetworkMountAnswer> {
  try {
    if (job.kind === 'detach') while (detachMount(job.target));
    else mount({ ...job.request, data: await withAddress(job.request.data ?? '') });
    return { ok: true };
  } catch (error) {
    const message = messageOf(error);
    return error instanceof SyscallError ? { ok: false, errno: error.errno, message } : { ok: false, message };
  }
}

/** Resolves the host name in `addr=server`. Mount helpers accept a name; the kernel accepts only an address. */
async function withAddress(data: string): Promise<string | null> {
  const host = /(?:^|,)addr=([^,]*)/.exec(data)?.[1];
  if (host === undefined || host === '') return data === '' ? null : data;
  const { address } = await lookup(host);
  return data.replace(`addr=${host}`, () => `addr=${address}`);
}

process.stdout.write(JSON.stringify(await perform(JSON.parse(await text(process.stdin)) as NetworkMountJob)));
