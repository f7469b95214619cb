import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '../codec/go-json.ts';
import { createContainerBody } from './create-container.ts';

/** Recorded from dockerd 28.5 (built with Go 1.27), after `invalid JSON: json: cannot unmarshal `. */
const RECORDED: readonly (readonly [body: string, fault: string])[] = [
  ['true', 'bool into Go value of type container.CreateRequest'],
  ['1', 'number into Go value of type container.CreateRequest'],
  ['"s"', 'string into Go value of type container.CreateRequest'],
  ['[]', 'array into Go value of type container.CreateRequest'],
  ['[1]', 'array into Go value of type container.CreateRequest'],
  ['{"Image":"x","Env":[1]}', 'number into .Env.0 of type string'],
  ['{"Env":{"a":1}}', 'object into Go struct field .Env of type []string'],
  ['{"Env":"x"}', 'string into Go struct field .Env of type []string'],
  ['{"Tty":"x"}', 'string into Go struct field .Tty of type bool'],
  ['{"Tty":1}', 'number into Go struct field .Tty of type bool'],
  ['{"Tty":[]}', 'array into Go struct field .Tty of type bool'],
  ['{"Tty":{}}', 'object into Go struct field .Tty of type bool'],
  ['{"HostConfig":1}', 'number into Go struct field .HostConfig of type container.HostConfig'],
  ['{"HostConfig":[]}', 'array into Go struct field .HostConfig of type container.HostConfig'],
  ['{"HostConfig":"x"}', 'string into Go struct field .HostConfig of type container.HostConfig'],
  ['{"HostConfig":{"Memory":"x"}}', 'string into Go struct field .HostConfig.Memory of type int64'],
  ['{"HostConfig":{"Memory":1.5}}', 'number 1.5 into Go struct field .HostConfig.Memory of type int64'],
  ['{"HostConfig":{"Memory":1e30}}', 'number 1e30 into Go struct field .HostConfig.Memory of type int64'],
  ['{"HostConfig":{"Memory":true}}', 'bool into Go struct field .HostConfig.Memory of type int64'],
  ['{"HostConfig":{"Binds":[1]}}', 'number into .HostConfig.Binds.0 of type string'],
  ['{"HostConfig":{"Binds":{}}}', 'object into Go struct field .HostConfig.Binds of type []string'],
  [
    '{"HostConfig":{"RestartPolicy":{"Name":1}}}',
    'number into Go struct field .HostConfig.RestartPolicy.Name of type container.RestartPolicyMode',
  ],
  [
    '{"HostConfig":{"RestartPolicy":"x"}}',
    'string into Go struct field .HostConfig.RestartPolicy of type container.RestartPolicy',
  ],
  ['{"HostConfig":{"PortBindings":[]}}', 'array into Go struct field .HostConfig.PortBindings of type nat.PortMap'],
  ['{"HostConfig":{"PortBindings":{"80":1}}}', 'number into .HostConfig.PortBindings.80 of type []nat.PortBinding'],
  [
    '{"HostConfig":{"PortBindings":{"80/tcp":[1]}}}',
    'number into .HostConfig.PortBindings.80~1tcp.0 of type nat.PortBinding',
  ],
  [
    '{"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":1}]}}}',
    'number into Go struct field .HostConfig.PortBindings.80~1tcp.0.HostPort of type string',
  ],
  ['{"HostConfig":{"CpuShares":"x"}}', 'string into Go struct field .HostConfig.CpuShares of type int64'],
  ['{"HostConfig":{"OomKillDisable":"x"}}', 'string into Go struct field .HostConfig.OomKillDisable of type bool'],
  ['{"HostConfig":{"OomScoreAdj":1.5}}', 'number 1.5 into Go struct field .HostConfig.OomScoreAdj of type int'],
  ['{"HostConfig":{"BlkioWeight":70000}}', 'number 70000 into Go struct field .HostConfig.BlkioWeight of type uint16'],
  ['{"HostConfig":{"BlkioWeight":-1}}', 'number -1 into Go struct field .HostConfig.BlkioWeight of type uint16'],
  [
    '{"HostConfig":{"BlkioWeightDevice":[{"Weight":-1}]}}',
    'number -1 into Go struct field .HostConfig.BlkioWeightDevice.0.Weight of type uint16',
  ],
  [
    '{"HostConfig":{"BlkioDeviceReadBps":[{"Rate":-1}]}}',
    'number -1 into Go struct field .HostConfig.BlkioDeviceReadBps.0.Rate of type uint64',
  ],
  ['{"HostConfig":{"ConsoleSize":[1,-1]}}', 'number -1 into .HostConfig.ConsoleSize.1 of type uint'],
  ['{"HostConfig":{"ConsoleSize":["a",1]}}', 'string into .HostConfig.ConsoleSize.0 of type uint'],
  ['{"HostConfig":{"ConsoleSize":1}}', 'number into Go struct field .HostConfig.ConsoleSize of type [2]uint'],
  ['{"HostConfig":{"Ulimits":[{"Soft":"x"}]}}', 'string into Go struct field .HostConfig.Ulimits.0.Soft of type int64'],
  ['{"HostConfig":{"Mounts":[1]}}', 'number into .HostConfig.Mounts.0 of type mount.Mount'],
  [
    '{"HostConfig":{"Mounts":[{"Type":1}]}}',
    'number into Go struct field .HostConfig.Mounts.0.Type of type mount.Type',
  ],
  [
    '{"HostConfig":{"Mounts":[{"BindOptions":1}]}}',
    'number into Go struct field .HostConfig.Mounts.0.BindOptions of type mount.BindOptions',
  ],
  [
    '{"HostConfig":{"Mounts":[{"TmpfsOptions":{"Mode":-1}}]}}',
    'number -1 into Go struct field .HostConfig.Mounts.0.TmpfsOptions.Mode of type fs.FileMode',
  ],
  [
    '{"HostConfig":{"Mounts":[{"TmpfsOptions":{"Mode":99999999999}}]}}',
    'number 99999999999 into Go struct field .HostConfig.Mounts.0.TmpfsOptions.Mode of type fs.FileMode',
  ],
  [
    '{"HostConfig":{"LogConfig":{"Config":[]}}}',
    'array into Go struct field .HostConfig.LogConfig.Config of type map[string]string',
  ],
  [
    '{"HostConfig":{"LogConfig":{"Config":{"a":1}}}}',
    'number into Go struct field .HostConfig.LogConfig.Config.a of type string',
  ],
  ['{"HostConfig":{"Sysctls":{"a":1}}}', 'number into Go struct field .HostConfig.Sysctls.a of type string'],
  ['{"HostConfig":{"CapAdd":1}}', 'number into Go value of type string'],
  ['{"HostConfig":{"CapAdd":[1]}}', 'array into Go value of type string'],
  ['{"HostConfig":{"CapAdd":{}}}', 'object into Go value of type string'],
  ['{"Cmd":1}', 'number into Go value of type string'],
  ['{"Cmd":{}}', 'object into Go value of type string'],
  ['{"Cmd":[1]}', 'array into Go value of type string'],
  ['{"Entrypoint":[[]]}', 'array into Go value of type string'],
  ['{"Labels":[]}', 'array into Go struct field .Labels of type map[string]string'],
  ['{"Labels":{"a":1}}', 'number into Go struct field .Labels.a of type string'],
  ['{"ExposedPorts":[]}', 'array into Go struct field .ExposedPorts of type nat.PortSet'],
  ['{"ExposedPorts":{"80/tcp":1}}', 'number into Go struct field .ExposedPorts.80~1tcp of type struct {}'],
  ['{"ExposedPorts":{"80/tcp":[]}}', 'array into Go struct field .ExposedPorts.80~1tcp of type struct {}'],
  ['{"Volumes":{"/x":1}}', 'number into Go struct field .Volumes.~1x of type struct {}'],
  ['{"StopTimeout":"1"}', 'string into Go struct field .StopTimeout of type int'],
  ['{"StopTimeout":1.5}', 'number 1.5 into Go struct field .StopTimeout of type int'],
  ['{"Healthcheck":1}', 'number into Go struct field .Healthcheck of type v1.HealthcheckConfig'],
  ['{"Healthcheck":{"Test":"x"}}', 'string into Go struct field .Healthcheck.Test of type []string'],
  ['{"Healthcheck":{"Interval":"1s"}}', 'string into Go struct field .Healthcheck.Interval of type time.Duration'],
  ['{"NetworkingConfig":1}', 'number into Go struct field .NetworkingConfig of type network.NetworkingConfig'],
  [
    '{"NetworkingConfig":{"EndpointsConfig":[]}}',
    'array into Go struct field .NetworkingConfig.EndpointsConfig of type map[string]*network.EndpointSettings',
  ],
  [
    '{"NetworkingConfig":{"EndpointsConfig":{"a":1}}}',
    'number into Go struct field .NetworkingConfig.EndpointsConfig.a of type network.EndpointSettings',
  ],
  [
    '{"NetworkingConfig":{"EndpointsConfig":{"a":{"IPAMConfig":1}}}}',
    'number into Go struct field .NetworkingConfig.EndpointsConfig.a.IPAMConfig of type network.EndpointIPAMConfig',
  ],
  [
    '{"NetworkingConfig":{"EndpointsConfig":{"a":{"Links":1}}}}',
    'number into Go struct field .NetworkingConfig.EndpointsConfig.a.Links of type []string',
  ],
  [
    '{"NetworkingConfig":{"EndpointsConfig":{"a":{"IPPrefixLen":"x"}}}}',
    'string into Go struct field .NetworkingConfig.EndpointsConfig.a.IPPrefixLen of type int',
  ],
  ['{"MacAddress":1}', 'number into Go struct field .MacAddress of type string'],
  ['{"image":1}', 'number into Go struct field .image of type string'],
  ['{"IMAGE":1}', 'number into Go struct field .IMAGE of type string'],
  ['{"Image":"x","Env":["a",{"b":1}]}', 'object into .Env.1 of type string'],
  [
    '{"HostConfig":{"Devices":[{"PathOnHost":1}]}}',
    'number into Go struct field .HostConfig.Devices.0.PathOnHost of type string',
  ],
  [
    '{"HostConfig":{"DeviceRequests":[{"Count":"x"}]}}',
    'string into Go struct field .HostConfig.DeviceRequests.0.Count of type int',
  ],
  [
    '{"HostConfig":{"DeviceRequests":[{"Capabilities":1}]}}',
    'number into Go struct field .HostConfig.DeviceRequests.0.Capabilities of type [][]string',
  ],
  ['{"HostConfig":{"Annotations":{"a":1}}}', 'number into Go struct field .HostConfig.Annotations.a of type string'],
  ['{"HostConfig":{"ShmSize":-1.5}}', 'number -1.5 into Go struct field .HostConfig.ShmSize of type int64'],
  ['{"HostConfig":{"PidsLimit":"x"}}', 'string into Go struct field .HostConfig.PidsLimit of type int64'],
  ['{"HostConfig":{"Init":1}}', 'number into Go struct field .HostConfig.Init of type bool'],
  ['{"HostConfig":{"Tmpfs":[]}}', 'array into Go struct field .HostConfig.Tmpfs of type map[string]string'],
  ['{"HostConfig":{"NanoCpus":{}}}', 'object into Go struct field .HostConfig.NanoCpus of type int64'],
  ['{"Shell":1}', 'number into Go value of type string'],
  ['{"OnBuild":[1]}', 'number into .OnBuild.0 of type string'],
  [
    '{"HostConfig":{"CgroupnsMode":1}}',
    'number into Go struct field .HostConfig.CgroupnsMode of type container.CgroupnsMode',
  ],
  [
    '{"HostConfig":{"NetworkMode":1}}',
    'number into Go struct field .HostConfig.NetworkMode of type container.NetworkMode',
  ],
  ['{"HostConfig":{"CpuPercent":1e40}}', 'number 1e40 into Go struct field .HostConfig.CpuPercent of type int64'],
  ['{"HostConfig": {"IpcMode": true}}', 'bool into Go struct field .HostConfig.IpcMode of type container.IpcMode'],
  ['{"HostConfig": {"PidMode": true}}', 'bool into Go struct field .HostConfig.PidMode of type container.PidMode'],
  ['{"HostConfig": {"UTSMode": true}}', 'bool into Go struct field .HostConfig.UTSMode of type container.UTSMode'],
  [
    '{"HostConfig": {"UsernsMode": true}}',
    'bool into Go struct field .HostConfig.UsernsMode of type container.UsernsMode',
  ],
  [
    '{"HostConfig": {"Isolation": true}}',
    'bool into Go struct field .HostConfig.Isolation of type container.Isolation',
  ],
  ['{"HostConfig": {"Cgroup": true}}', 'bool into Go struct field .HostConfig.Cgroup of type container.CgroupSpec'],
  [
    '{"HostConfig": {"LogConfig": true}}',
    'bool into Go struct field .HostConfig.LogConfig of type container.LogConfig',
  ],
  ['{"HostConfig": {"ConsoleSize": true}}', 'bool into Go struct field .HostConfig.ConsoleSize of type [2]uint'],
  [
    '{"HostConfig": {"Devices": true}}',
    'bool into Go struct field .HostConfig.Devices of type []container.DeviceMapping',
  ],
  [
    '{"HostConfig": {"DeviceRequests": true}}',
    'bool into Go struct field .HostConfig.DeviceRequests of type []container.DeviceRequest',
  ],
  ['{"HostConfig": {"Ulimits": true}}', 'bool into Go struct field .HostConfig.Ulimits of type []*units.Ulimit'],
  [
    '{"HostConfig": {"BlkioWeightDevice": true}}',
    'bool into Go struct field .HostConfig.BlkioWeightDevice of type []*blkiodev.WeightDevice',
  ],
  [
    '{"HostConfig": {"BlkioDeviceReadBps": true}}',
    'bool into Go struct field .HostConfig.BlkioDeviceReadBps of type []*blkiodev.ThrottleDevice',
  ],
  ['{"HostConfig": {"Mounts": true}}', 'bool into Go struct field .HostConfig.Mounts of type []mount.Mount'],
  ['{"HostConfig": {"Dns": true}}', 'bool into Go struct field .HostConfig.Dns of type []string'],
  ['{"HostConfig": {"Links": true}}', 'bool into Go struct field .HostConfig.Links of type []string'],
  ['{"HostConfig": {"CgroupParent": true}}', 'bool into Go struct field .HostConfig.CgroupParent of type string'],
  ['{"HostConfig": {"PublishAllPorts": 1}}', 'number into Go struct field .HostConfig.PublishAllPorts of type bool'],
  ['{"HostConfig": {"Sysctls": true}}', 'bool into Go struct field .HostConfig.Sysctls of type map[string]string'],
  [
    '{"HostConfig": {"StorageOpt": true}}',
    'bool into Go struct field .HostConfig.StorageOpt of type map[string]string',
  ],
  ['{"HostConfig": {"OomScoreAdj": true}}', 'bool into Go struct field .HostConfig.OomScoreAdj of type int'],
  ['{"HostConfig": {"MaskedPaths": true}}', 'bool into Go struct field .HostConfig.MaskedPaths of type []string'],
  ['{"HostConfig": {"GroupAdd": true}}', 'bool into Go struct field .HostConfig.GroupAdd of type []string'],
  ['{"HostConfig": {"Binds": true}}', 'bool into Go struct field .HostConfig.Binds of type []string'],
  ['{"HostConfig": {"PortBindings": true}}', 'bool into Go struct field .HostConfig.PortBindings of type nat.PortMap'],
  ['{"HostConfig": {"NanoCpus": true}}', 'bool into Go struct field .HostConfig.NanoCpus of type int64'],
  ['{"HostConfig": {"CpuCount": true}}', 'bool into Go struct field .HostConfig.CpuCount of type int64'],
  [
    '{"HostConfig": {"CpuRealtimePeriod": true}}',
    'bool into Go struct field .HostConfig.CpuRealtimePeriod of type int64',
  ],
  [
    '{"HostConfig": {"IOMaximumBandwidth": true}}',
    'bool into Go struct field .HostConfig.IOMaximumBandwidth of type uint64',
  ],
  ['{"HostConfig": {"IOMaximumIOps": true}}', 'bool into Go struct field .HostConfig.IOMaximumIOps of type uint64'],
  [
    '{"HostConfig": {"MemorySwappiness": true}}',
    'bool into Go struct field .HostConfig.MemorySwappiness of type int64',
  ],
  ['{"HostConfig": {"Tmpfs": true}}', 'bool into Go struct field .HostConfig.Tmpfs of type map[string]string'],
  ['{"HostConfig": {"ContainerIDFile": true}}', 'bool into Go struct field .HostConfig.ContainerIDFile of type string'],
  [
    '{"HostConfig": {"BlkioWeightDevice": [1]}}',
    'number into .HostConfig.BlkioWeightDevice.0 of type blkiodev.WeightDevice',
  ],
  [
    '{"HostConfig": {"BlkioDeviceReadBps": [1]}}',
    'number into .HostConfig.BlkioDeviceReadBps.0 of type blkiodev.ThrottleDevice',
  ],
  ['{"HostConfig": {"Ulimits": [1]}}', 'number into .HostConfig.Ulimits.0 of type units.Ulimit'],
  ['{"HostConfig": {"Devices": [1]}}', 'number into .HostConfig.Devices.0 of type container.DeviceMapping'],
  [
    '{"HostConfig": {"DeviceRequests": [1]}}',
    'number into .HostConfig.DeviceRequests.0 of type container.DeviceRequest',
  ],
  [
    '{"HostConfig": {"Mounts": [{"VolumeOptions": 1}]}}',
    'number into Go struct field .HostConfig.Mounts.0.VolumeOptions of type mount.VolumeOptions',
  ],
  [
    '{"HostConfig": {"Mounts": [{"TmpfsOptions": 1}]}}',
    'number into Go struct field .HostConfig.Mounts.0.TmpfsOptions of type mount.TmpfsOptions',
  ],
  [
    '{"HostConfig": {"Mounts": [{"ImageOptions": 1}]}}',
    'number into Go struct field .HostConfig.Mounts.0.ImageOptions of type mount.ImageOptions',
  ],
  [
    '{"HostConfig": {"Mounts": [{"Consistency": 1}]}}',
    'number into Go struct field .HostConfig.Mounts.0.Consistency of type mount.Consistency',
  ],
  [
    '{"HostConfig": {"Mounts": [{"BindOptions": 1}]}}',
    'number into Go struct field .HostConfig.Mounts.0.BindOptions of type mount.BindOptions',
  ],
  [
    '{"HostConfig":{"Mounts":[{"VolumeOptions":{"DriverConfig":1}}]}}',
    'number into Go struct field .HostConfig.Mounts.0.VolumeOptions.DriverConfig of type mount.Driver',
  ],
  [
    '{"HostConfig":{"Mounts":[{"TmpfsOptions":{"Options":1}}]}}',
    'number into Go struct field .HostConfig.Mounts.0.TmpfsOptions.Options of type [][]string',
  ],
  [
    '{"HostConfig":{"Mounts":[{"TmpfsOptions":{"Options":[1]}}]}}',
    'number into .HostConfig.Mounts.0.TmpfsOptions.Options.0 of type []string',
  ],
  [
    '{"HostConfig":{"Mounts":[{"BindOptions":{"Propagation":1}}]}}',
    'number into Go struct field .HostConfig.Mounts.0.BindOptions.Propagation of type mount.Propagation',
  ],
  ['{"HostConfig":{"ConsoleSize":["a"]}}', 'string into .HostConfig.ConsoleSize.0 of type uint'],
  ['{"Volumes":1}', 'number into Go struct field .Volumes of type map[string]struct {}'],
  ['{"Healthcheck":{"Retries":"x"}}', 'string into Go struct field .Healthcheck.Retries of type int'],
  [
    '{"NetworkingConfig":{"EndpointsConfig":{"a":{"GwPriority":"x"}}}}',
    'string into Go struct field .NetworkingConfig.EndpointsConfig.a.GwPriority of type int',
  ],
  [
    '{"NetworkingConfig":{"EndpointsConfig":{"a":{"DNSNames":1}}}}',
    'number into Go struct field .NetworkingConfig.EndpointsConfig.a.DNSNames of type []string',
  ],
  [
    '{"HostConfig":{"LogConfig":{"Config":1}}}',
    'number into Go struct field .HostConfig.LogConfig.Config of type map[string]string',
  ],
  [
    '{"HostConfig":{"RestartPolicy":{"MaximumRetryCount":1.5}}}',
    'number 1.5 into Go struct field .HostConfig.RestartPolicy.MaximumRetryCount of type int',
  ],
  [
    '{"HostConfig":{"PortBindings":{"80/tcp":1}}}',
    'number into Go struct field .HostConfig.PortBindings.80~1tcp of type []nat.PortBinding',
  ],
];

test('a value of a wrong type is refused with its place and type, as Docker names them', () => {
  for (const [body, fault] of RECORDED) {
    assert.throws(
      () => parseJson(createContainerBody, JSON.parse(body), () => body),
      {
        kind: 'invalid',
        message: `invalid JSON: json: cannot unmarshal ${fault}`,
      },
      body,
    );
  }
});
