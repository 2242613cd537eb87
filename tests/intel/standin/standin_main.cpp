// Runs the tests of a program on the stand-in: with a log and a compiler cache of its own, in a folder
// that is gone afterwards. What the environment says already stays; a second start of the same program
// is what makes the rest known to libraries that read it before main().
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <string>
#include <unistd.h>

namespace {

void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 0); }

int start_again(char** arguments) {
  std::string folder = (std::filesystem::temp_directory_path() / "xe-standin-test-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  std::filesystem::create_directory(folder + "/cache");
  set("XE_STANDIN_TEST_FOLDER", folder);
  set("XE_STANDIN_LOG", folder + "/log.json");
  set("XE_STANDIN_CARDS", "2");
  set("XE_STANDIN_KERNELS", ZESVM_STANDIN_KERNELS);
  set("NEO_CACHE_DIR", folder + "/cache");
  set("NEO_CACHE_PERSISTENT", "1");
  set("ZESVM_BACKEND", "levelzero");
  ::execv("/proc/self/exe", arguments);
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  const char* const folder = std::getenv("XE_STANDIN_TEST_FOLDER");
  if (folder == nullptr) return start_again(arguments);
  ::testing::InitGoogleMock(&count, arguments);
  const int result = RUN_ALL_TESTS();
  if (std::getenv("XE_STANDIN_KEEP") == nullptr) std::filesystem::remove_all(folder);
  return result;
}
