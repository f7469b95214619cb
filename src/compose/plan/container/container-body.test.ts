import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CreateContainerBody } from '../../../spec/index.ts';
import type { Service } from '../../model/index.ts';
import { projectOf } from '../testing/project.ts';
import { containerBody } from './container-body.ts';
import type { NewContainer } from './new-container.ts';

function bodyOf(service: Service, made: Partial<NewContainer> = {}): CreateContainerBody {
  const project = projectOf({ web: service }, { networks: { net: {} }, volumes: { data: {} } });
  const own = project.services.get('web') ?? {};
  const base = { service: own, name: 'app-web-1', number: 1, configHash: 'hash', imageId: undefined, references: {} };
  return containerBody(project, { ...base, ...made });
}

test('numbers are those of Compose: single precision, and whole seconds', () => {
  assert.equal(bodyOf({ cpus: Math.fround(0.3) }).HostConfig?.NanoCpus, 300_000_000);
  assert.equal(bodyOf({ stop_grace_period: 1_500_000_000n }).StopTimeout, 1);
});

test('the engine gets the seccomp profile itself, and the paths that systempaths stands for', () => {
  const options = ['no-new-privileges', 'seccomp=my.json', 'systempaths=unconfined'];
  const host = bodyOf({ security_opt: options }, { profile: '{}' }).HostConfig;
  assert.deepEqual(host?.SecurityOpt, ['no-new-privileges', 'seccomp={}']);
  assert.deepEqual([host?.MaskedPaths, host?.ReadonlyPaths], [[], []]);
  assert.deepEqual(bodyOf({ security_opt: ['seccomp:unconfined'] }).HostConfig?.SecurityOpt, ['seccomp:unconfined']);
});

test('devices of the Container Device Interface are asked for by name', () => {
  const [name, file] = ['vendor.com/gpu=0', '/dev/null'];
  const devices = [name, file].map((path) => ({ source: path, target: path, permissions: 'rwm' }));
  const host = bodyOf({ devices }).HostConfig;
  assert.deepEqual(host?.Devices, [{ PathOnHost: file, PathInContainer: file, CgroupPermissions: 'rwm' }]);
  assert.deepEqual(host?.DeviceRequests?.[0], {
    ...{ Driver: 'cdi', Count: 0, DeviceIDs: [name], Capabilities: null, Options: null },
  });
});

test('a bind is said short, unless it has an option that only a mount can say', () => {
  const bind = { type: 'bind', source: '/a', target: '/b' };
  const short = bodyOf({ volumes: [{ ...bind, bind: { create_host_path: true } }] }).HostConfig;
  assert.deepEqual([short?.Binds, short?.Mounts], [['/a:/b:rw'], undefined]);
  const long = bodyOf({ volumes: [{ ...bind, bind: { create_host_path: true, propagation: 'rslave' } }] }).HostConfig;
  assert.deepEqual(long?.Mounts?.[0]?.BindOptions, { Propagation: 'rslave', CreateMountpoint: true });
  const data = { type: 'volume', source: 'data', target: '/data' };
  assert.deepEqual(bodyOf({ volumes: [data] }).HostConfig?.Binds, ['app_data:/data:rw']);
  assert.equal(bodyOf({ volumes: [{ ...data, volume: { nocopy: true } }] }).HostConfig?.Binds, undefined);
});

test('a policy of deploy without a condition leaves it to the engine', () => {
  assert.deepEqual(bodyOf({ deploy: { restart_policy: {} } }).HostConfig?.RestartPolicy, { MaximumRetryCount: 0 });
  assert.deepEqual(bodyOf({ deploy: { restart_policy: { condition: 'any' } } }).HostConfig?.RestartPolicy, {
    ...{ Name: 'always', MaximumRetryCount: 0 },
  });
});
