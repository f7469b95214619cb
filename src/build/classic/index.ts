export { type ClassicBuilder, createClassicBuilder } from './classic-builder.ts';
export type { ClassicContainers, ClassicImages, ClassicPorts, ClassicPull, StepImage, StepOutput } from './ports.ts';
export type { ClassicRequest, RemovalRule } from './request.ts';
