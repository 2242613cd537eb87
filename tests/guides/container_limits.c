// container_limits PROGRAM [ARGUMENT...]: runs a program as the default filter of container runtimes
// does: the system calls below are refused, and no privilege can be gained.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFUSE(call, error)                              \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))

int main(int argc, char** argv) {
  struct sock_filter filter[] = {
      LOAD(arch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      LOAD(nr),
      REFUSE(userfaultfd, EPERM),
      REFUSE(perf_event_open, EPERM),
      REFUSE(bpf, EPERM),
      REFUSE(ptrace, EPERM),
      REFUSE(process_vm_readv, EPERM),
      REFUSE(process_vm_writev, EPERM),
      REFUSE(kcmp, EPERM),
      REFUSE(mount, EPERM),
      REFUSE(umount2, EPERM),
      REFUSE(pivot_root, EPERM),
      REFUSE(chroot, EPERM),
      REFUSE(unshare, EPERM),
      REFUSE(setns, EPERM),
      REFUSE(mbind, EPERM),
      REFUSE(set_mempolicy, EPERM),
      REFUSE(get_mempolicy, EPERM),
      REFUSE(move_pages, EPERM),
      REFUSE(migrate_pages, EPERM),
      REFUSE(keyctl, EPERM),
      REFUSE(io_uring_setup, EPERM),
      REFUSE(open_by_handle_at, EPERM),
      // Answered as by an older kernel, so that the C library falls back to clone.
      REFUSE(clone3, ENOSYS),
      // Personalities but the plain one: changing the layout of addresses, above all.
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_personality, 0, 4),
      LOAD(args[0]),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffffu, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (argc < 2) {
    fprintf(stderr, "usage: container_limits PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    perror("container_limits");
    return 2;
  }
  execvp(argv[1], argv + 1);
  fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
  return 127;
}
