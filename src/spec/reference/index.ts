export {
  canonicalString,
  familiarName,
  familiarString,
  imageName,
  parseReference,
  type Reference,
  repositoryName,
  withDefaultTag,
  withTag,
} from './reference.ts';
