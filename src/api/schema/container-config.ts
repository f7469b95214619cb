import {
  goBool,
  goDuration,
  goEmpty,
  goList,
  goMap,
  goPath,
  goPathMap,
  goPlainInt,
  goString,
  goStringOrList,
  goStruct,
} from '../codec/go-json.ts';

const strings = goList(goString, '');

export const healthConfig = goStruct('v1.HealthcheckConfig', {
  Test: strings,
  Interval: goDuration,
  Timeout: goDuration,
  Retries: goPlainInt,
  StartPeriod: goDuration,
  StartInterval: goDuration,
});

/** The portable half of a container's configuration. `commit` accepts it too. */
export const containerConfigFields = {
  Hostname: goString,
  Domainname: goString,
  User: goString,
  AttachStdin: goBool,
  AttachStdout: goBool,
  AttachStderr: goBool,
  ExposedPorts: goMap(goEmpty, {}, 'nat.PortSet'),
  Tty: goBool,
  OpenStdin: goBool,
  StdinOnce: goBool,
  Env: strings,
  Cmd: goStringOrList,
  Healthcheck: healthConfig,
  ArgsEscaped: goBool,
  Image: goString,
  Volumes: goPathMap(goEmpty, {}),
  WorkingDir: goPath,
  Entrypoint: goStringOrList,
  NetworkDisabled: goBool,
  MacAddress: goString,
  OnBuild: strings,
  Labels: goMap(goString, ''),
  StopSignal: goString,
  StopTimeout: goPlainInt,
  Shell: goStringOrList,
};
