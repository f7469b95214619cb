import { hostname } from 'node:os';
import { parseNanos } from '../../../base/time.ts';
import type { LogSubject } from '../../../log-drivers/index.ts';
import type { ContainerRecord } from '../../model/record.ts';
import { lineAttributes } from '../line-attributes.ts';

/** What a sender tells of a container. @throws EngineError invalid for a malformed expression in the options */
export async function logSubject(record: ContainerRecord): Promise<LogSubject> {
  const { config } = record;
  return {
    containerId: record.id,
    containerName: record.name,
    imageId: record.imageId,
    imageName: config.Image ?? '',
    createdNanos: parseNanos(record.createdAt) ?? 0n,
    entrypoint: record.path,
    args: record.args,
    daemonName: 'docker',
    hostName: hostname(),
    attributes: await lineAttributes(record, record.hostConfig.LogConfig?.Config ?? {}),
    env: config.Env ?? [],
    labels: config.Labels ?? {},
  };
}
