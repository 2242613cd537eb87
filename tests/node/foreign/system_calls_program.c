/* System calls on memory in VRAM fail with EFAULT, and no signal; on the host they work.
 * proves: H4 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/foreign/vram_memory.h"

#define EXPECT(condition)                                                \
  do {                                                                   \
    if (!(condition)) {                                                  \
      fprintf(stderr, "line %d: %s, %d\n", __LINE__, #condition, errno); \
      return 1;                                                          \
    }                                                                    \
  } while (0)

int main(void) {
  int ends[2], sockets[2];
  EXPECT(pipe(ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  vram_memory_t memory = vram_memory_make();
  errno = 0;
  EXPECT(write(ends[1], memory.ints, 64) == -1 && errno == EFAULT);
  errno = 0;
  EXPECT(send(sockets[0], memory.ints, 64, 0) == -1 && errno == EFAULT);
  EXPECT(write(ends[1], "abcd", 4) == 4);
  errno = 0;
  EXPECT(read(ends[0], memory.ints, 4) == -1 && errno == EFAULT);
  /* A touch brings the chunk to the host: the same calls work then. */
  EXPECT(memory.ints[1] == 1);
  EXPECT(write(ends[1], memory.ints, 64) == 64);
  EXPECT(send(sockets[0], memory.ints, 64, 0) == 64);
  EXPECT(read(ends[0], memory.ints + 2, 4) == 4 && memory.ints[2] == 0x64636261);
  vram_memory_free(&memory);
  puts("fine");
  return 0;
}
