import { createHash } from 'node:crypto';
import { writeJson } from '../config/write-json.ts';
import type { Output } from '../model/output.ts';
import { type Network, network, type Volume, volume } from '../model/project.ts';
import { type Service, service } from '../model/service.ts';

/**
 * The hash of a service's configuration, as Compose 2.40 writes it into the label `com.docker.compose.config-hash`. Fields that do
 * not change a container have no part in it.
 */
export function serviceHash(given: Service): string {
  const { build: _b, pull_policy: _p, scale: _s, depends_on: _d, profiles: _f, deploy, ...rest } = given;
  const { replicas: _r, ...deployment } = deploy ?? {};
  return hashOf(service.write({ ...rest, ...(deploy === undefined ? {} : { deploy: deployment }) }, 'json'));
}

/** The hash of a network's configuration: the label `com.docker.compose.config-hash` of networks. */
export function networkHash(given: Network): string {
  return hashOf(network.write(given, 'json'));
}

/** The hash of a volume's configuration: the label `com.docker.compose.config-hash` of volumes. */
export function volumeHash(given: Volume): string {
  return hashOf(volume.write({ ...given, driver: given.driver || 'local' }, 'json'));
}

function hashOf(output: Output): string {
  return createHash('sha256').update(writeJson(output)).digest('hex');
}
