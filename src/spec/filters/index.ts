export {
  anyValue,
  booleanFilter,
  booleanOf,
  checkFilters,
  compileFilters,
  type FilterRule,
  type FilterRules,
  type Filters,
  type Predicate,
} from './filters.ts';
export { labelRule, notLabelRule } from './labels.ts';
export { pathMatch } from './path-match.ts';
export { type TextTest, textExpression, textPatterns } from './patterns.ts';
export { untilFilter } from './until.ts';
