#include <algorithm>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/environment.hpp"
#include "topology/node_description.hpp"

namespace zesvm::topology {
namespace {

namespace fs = std::filesystem;

// Far beyond any real machine's description; reading something endless must end.
constexpr std::uintmax_t largest_file = 64u << 20;

// The library may be linked into a driver library, a program or a test: whichever holds this code.
fs::path own_object() {
  Dl_info info{};
  std::error_code ignored;
  if (dladdr(reinterpret_cast<void*>(&own_object), &info) != 0 && info.dli_fname != nullptr) {
    const fs::path object = fs::canonical(info.dli_fname, ignored);
    if (!ignored) return object;
  }
  return fs::read_symlink("/proc/self/exe", ignored);
}

// bin/x, lib/x.so, lib/<triplet>/x.so and libexec/zesvm/x all have the data directory beside one of
// their parents.
void add_data_directories(std::vector<std::string>& directories) {
  fs::path parent = own_object().parent_path();
  for (int level = 0; level < 4 && parent.has_relative_path(); ++level) {
    parent = parent.parent_path();
    std::error_code ignored;
    const fs::path candidate = parent / ZESVM_DATADIR / "zesvm" / "nodes";
    if (fs::is_directory(candidate, ignored)) directories.push_back(candidate.string());
  }
}

bool is_path(const std::string& name) {
  return name.find('/') != std::string::npos || name.ends_with(".yaml") || name.ends_with(".yml");
}

std::string joined(const std::vector<std::string>& words, const char* none) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? none : text;
}

std::string find_preset(const std::string& name) {
  const auto directories = preset_directories();
  for (const auto& directory : directories) {
    const fs::path file = fs::path(directory) / (name + ".yaml");
    std::error_code ignored;
    if (!name.empty() && fs::exists(file, ignored)) return file.string();
  }
  throw DescriptionError(name, 0,
                         "no such preset node. There are: " + joined(preset_names(), "none") +
                             ". Looked in: " + joined(directories, "no directory") +
                             ". Give one of these names, the path of a node file, or set "
                             "ZESVM_NODES_PATH to directories of node files");
}

std::string content_of(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    throw DescriptionError(path, 0, "cannot be read: not a regular file; give a node file's path");
  if (fs::file_size(path, error) > largest_file)
    throw DescriptionError(path, 0, "is larger than 64 MiB, which no node file is");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file)
    throw DescriptionError(path, 0, "cannot be read; check that it exists and its permissions");
  return text.str();
}

}  // namespace

std::vector<std::string> preset_directories() {
  std::vector<std::string> directories;
  std::istringstream list(environment("ZESVM_NODES_PATH"));
  for (std::string one; std::getline(list, one, ':');)
    if (!one.empty()) directories.push_back(one);
  add_data_directories(directories);
  return directories;
}

std::vector<std::string> preset_names() {
  std::set<std::string> names;
  for (const auto& directory : preset_directories()) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(directory, ignored))
      if (entry.path().extension() == ".yaml") names.insert(entry.path().stem().string());
  }
  return {names.begin(), names.end()};
}

NodeDescription load_node(const std::string& name_or_path) {
  const std::string path = is_path(name_or_path) ? name_or_path : find_preset(name_or_path);
  NodeDescription node = parse_node(content_of(path), path);
  node.path = path;
  if (const std::string vram = environment("ZESVM_NODE_VRAM"); !vram.empty()) {
    const auto size = parse_bytes(vram);
    if (!size || *size == 0_B || *size % 2_MiB != 0_B)
      throw DescriptionError(
          "ZESVM_NODE_VRAM", 0,
          "is '" + vram + "'; give a multiple of 2 MiB such as 256MiB, or unset it");
    set_vram(node, *size);
  }
  return node;
}

}  // namespace zesvm::topology
