export type { BuildConfig, FileReference } from './build.ts';
export type { DeviceRequest } from './deploy.ts';
export type { Config, Model, Network, Project, Secret, Table, Volume } from './project.ts';
export type { Dependency, HealthCheck, Service, ServiceNetwork, ServicePort, ServiceVolume } from './service.ts';
