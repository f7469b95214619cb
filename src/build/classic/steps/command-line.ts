import type { ContainerConfig } from '../../../spec/index.ts';
import type { Command } from '../../dockerfile/index.ts';
import { shellOf } from '../stages/stage-state.ts';

/** The words of a command, behind those of the shell where it is a text for that. */
export function commandLine({ words, usesShell }: Command, config: ContainerConfig): readonly string[] {
  return usesShell ? [...shellOf(config), words.join(' ')] : words;
}

/** A configuration whose command says what a step does that runs nothing. */
export function saying(config: ContainerConfig, step: string): ContainerConfig {
  return { ...config, Cmd: [...shellOf(config), '#(nop) ', step] };
}

/** The same, as COPY, ADD and WORKDIR have it. */
export function sayingInOneWord(config: ContainerConfig, step: string): ContainerConfig {
  return { ...config, Cmd: [...shellOf(config), `#(nop) ${step}`] };
}
