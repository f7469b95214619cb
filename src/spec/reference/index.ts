export {
  canonicalString,
  familiarName,
  familiarString,
  parseReference,
  type Reference,
  repositoryName,
  withDefaultTag,
  withTag,
} from './reference.ts';
