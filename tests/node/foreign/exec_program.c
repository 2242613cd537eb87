/* A program with memory in VRAM that becomes another one: the node ends, with all its processes.
 * proves: H5 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/foreign/vram_memory.h"

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "after") == 0) {
    /* Ended by the clock of this test when one stays. */
    alarm(60);
    while (wait(NULL) > 0) continue;
    puts(errno == ECHILD ? "fine" : "wait failed");
    return 0;
  }
  /* Processes whose parent is gone become this one's. */
  prctl(PR_SET_CHILD_SUBREAPER, 1L);
  vram_memory_make();
  execl("/proc/self/exe", argv[0], "after", (char*)0);
  return 1;
}
