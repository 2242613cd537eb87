// Catch2 puts its own SIGSEGV handler in place while a test case runs.
// proves: H2
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#include "node/foreign/vram_memory.h"

TEST_CASE("memory made in a test case comes back to the CPU") {
  vram_memory_t memory = vram_memory_make();
  for (int i = 0; i < vram_ints; i += 1000) REQUIRE(memory.ints[i] == i);
  vram_memory_move(&memory);
  memory.ints[7] = 9;
  CHECK(memory.ints[7] == 9);
  vram_memory_free(&memory);
}

TEST_CASE("memory made between test cases does too") {
  static vram_memory_t memory = vram_memory_make();
  SECTION("first") { CHECK(memory.ints[5] == 5); }
  SECTION("again") {
    vram_memory_move(&memory);
    CHECK(memory.ints[vram_ints - 1] == vram_ints - 1);
  }
}
