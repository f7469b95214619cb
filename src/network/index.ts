export type * from './networks.ts';
