/* What happens to memory of a device in a process that forks.
 * proves: H5 */
#include <sys/wait.h>
#include <unistd.h>

#include "node/foreign/vram_memory.h"

static int status_of(pid_t child) {
  int status = -1;
  return waitpid(child, &status, 0) == child ? status : -1;
}

int main(void) {
  vram_memory_t memory = vram_memory_make();
  /* A child that only execs harms nothing. */
  pid_t child = fork();
  if (child == 0) {
    execl("/bin/true", "true", (char*)0);
    _exit(9);
  }
  if (status_of(child) != 0) return 1;
  /* A child that reads memory in VRAM has the data, and what it writes is its own. */
  child = fork();
  if (child == 0) {
    const int is_right = memory.ints[6] == 6;
    memory.ints[6] = 7;
    _exit(is_right ? 0 : 8);
  }
  if (status_of(child) != 0) return 2;
  /* A child that reads memory on the host sees the data. */
  if (memory.ints[6] != 6) return 3;
  child = fork();
  if (child == 0) _exit(memory.ints[6] == 6 ? 0 : 8);
  if (status_of(child) != 0) return 4;
  /* The parent goes on. */
  vram_memory_move(&memory);
  for (int i = 0; i < vram_ints; ++i)
    if (memory.ints[i] != i) return 5;
  vram_memory_free(&memory);
  puts("fine");
  return 0;
}
