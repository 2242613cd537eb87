/* Memory in VRAM is touched by the CPU: for debuggers and sanitizers.
 * proves: H2 */
#include "node/foreign/vram_memory.h"

int main(void) {
  vram_memory_t memory = vram_memory_make();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < vram_ints; i += 512)
      if (memory.ints[i] != i) return 1;
    vram_memory_move(&memory);
  }
  vram_memory_free(&memory);
  puts("fine");
  return 0;
}
