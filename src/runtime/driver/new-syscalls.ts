/**
 * System calls from number 439 on, in numeric order. They have the same numbers on every architecture (`syscall.tbl` of
 * Linux 6.18). A libseccomp that is older than the profile does not know the last of them.
 */
const FIRST = 439;
const NAMES = `
  faccessat2 process_madvise epoll_pwait2 mount_setattr quotactl_fd landlock_create_ruleset landlock_add_rule
  landlock_restrict_self memfd_secret process_mrelease futex_waitv set_mempolicy_home_node cachestat fchmodat2
  map_shadow_stack futex_wake futex_wait futex_requeue statmount listmount lsm_get_self_attr lsm_set_self_attr
  lsm_list_modules mseal setxattrat getxattrat listxattrat removexattrat open_tree_attr file_getattr file_setattr`;

/** Maps each name to its number. */
export const NEW_SYSCALLS: ReadonlyMap<string, number> = new Map(
  NAMES.trim()
    .split(/\s+/)
    .map((name, index) => [name, FIRST + index]),
);
