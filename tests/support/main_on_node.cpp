// The entry point of tests that run through the Level Zero loader on a simulated node. What the
// environment already says wins, so that one program runs on every node and under every layer.
#include <cstdlib>
#include <gtest/gtest.h>

int main(int argc, char** argv) {
  ::setenv("ZE_ENABLE_ALT_DRIVERS", ZESVM_TEST_DRIVER, 0);
  ::setenv("ZESVM_NODE", ZESVM_TEST_NODE, 0);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
