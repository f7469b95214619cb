/** Whether a list of Docker's API is given and not empty. */
export function hasItems<T>(list: readonly T[] | null | undefined): list is readonly T[] {
  return list != null && list.length > 0;
}
