#include "levelzero/paths.hpp"

#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>

#include <zesvm/error.hpp>

namespace zesvm::levelzero {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class PathsTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(directory); }
  void TearDown() override {
    fs::remove_all(directory);
    ::unsetenv("ZESVM_KERNELS_PATH");
    ::unsetenv("ZESVM_SIM_DRIVER");
  }
  const fs::path directory = fs::path(::testing::TempDir()) / "zesvm-paths";
};

TEST_F(PathsTest, TheTreeOfALibraryIsAboveItsDirectory) {
  EXPECT_EQ(tree_of(fs::path("/prefix") / ZESVM_LIBRARY_DIRECTORY / "libzesvm.so.0"), "/prefix");
}

TEST_F(PathsTest, TheTreeOfAProgramIsAboveBin) {
  EXPECT_EQ(tree_of("/prefix/bin/zesvm"), "/prefix");
}

TEST_F(PathsTest, FindsModulesByNameInTheNamedDirectories) {
  std::ofstream(directory / "mine.spv") << "x";
  ::setenv("ZESVM_KERNELS_PATH", ("/nowhere:" + directory.string()).c_str(), 1);
  EXPECT_EQ(find_module("mine"), directory / "mine.spv");
  EXPECT_EQ(find_module("mine.spv"), directory / "mine.spv");
  EXPECT_EQ(find_module((directory / "mine.spv").string()), directory / "mine.spv");
}

class PathsHereTest : public PathsTest {
 protected:
  void SetUp() override {
    PathsTest::SetUp();
    fs::current_path(directory);
    std::ofstream("mine.spv") << "x";
  }
  void TearDown() override {
    fs::current_path(before_);
    PathsTest::TearDown();
  }
  const fs::path before_ = fs::current_path();
};

TEST_F(PathsHereTest, SlashMakesAPath) {
  EXPECT_EQ(find_module("./mine.spv"), "./mine.spv");
  // A path is taken as it is: no ending is added, no directory is searched.
  std::ofstream("plain") << "x";
  EXPECT_EQ(find_module("./plain"), "./plain");
  ::setenv("ZESVM_KERNELS_PATH", directory.c_str(), 1);
  EXPECT_THROW(find_module("./mine"), Error);
  EXPECT_THROW(find_module("elsewhere/mine.spv"), Error);
}

TEST_F(PathsHereTest, NameIsNotLookedForInTheCurrentDirectory) {
  for (const char* name : {"mine", "mine.spv"}) {
    try {
      find_module(name);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("is called ./mine.spv"));
    }
  }
}

TEST_F(PathsHereTest, NamedDirectoryGoesBeforeTheCurrentOne) {
  fs::create_directories("kernels");
  std::ofstream("kernels/mine.spv") << "y";
  ::setenv("ZESVM_KERNELS_PATH", (directory / "kernels").c_str(), 1);
  EXPECT_EQ(find_module("mine"), directory / "kernels/mine.spv");
}

TEST_F(PathsTest, SaysWhereAModuleWasLookedFor) {
  ::setenv("ZESVM_KERNELS_PATH", directory.c_str(), 1);
  try {
    find_module("absent");
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unreadable_file);
    EXPECT_THAT(error.what(), HasSubstr(directory.string()));
  }
}

TEST_F(PathsTest, TheNamedDriverMustExist) {
  ::setenv("ZESVM_SIM_DRIVER", "/nowhere/libze.so", 1);
  EXPECT_THROW(simulated_driver(), Error);
  std::ofstream(directory / "driver.so") << "x";
  ::setenv("ZESVM_SIM_DRIVER", (directory / "driver.so").c_str(), 1);
  EXPECT_EQ(simulated_driver(), fs::canonical(directory / "driver.so"));
}

}  // namespace
}  // namespace zesvm::levelzero
