/// @file host_tree.hpp
/// A host's files in a folder of their own, unpacked from a recorded host (`hosts`).
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>

namespace zesvm::tools {

/// A tree of files that lives as long as it. A line of a recorded host is `path = content`, with `|` for
/// the ends of lines, or `path -> target` for a symbolic link.
class HostTree {
 public:
  explicit HostTree(const std::string& host) {
    std::string name = testing::TempDir() + "/zesvm-host-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = name;
    if (host.empty()) return;
    std::ifstream lines(std::filesystem::path(ZESVM_TEST_HOSTS) / (host + ".txt"));
    if (!lines) throw std::runtime_error("there is no recorded host " + host);
    for (std::string line; std::getline(lines, line);) unpack(line);
  }
  ~HostTree() { std::filesystem::remove_all(root_); }
  HostTree(const HostTree&) = delete;
  HostTree& operator=(const HostTree&) = delete;

  const std::filesystem::path& root() const { return root_; }

  /// Writes a file, in place of the one there is.
  void write(const std::string& path, const std::string& content) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << content;
  }

 private:
  void unpack(const std::string& line) const {
    if (line.empty() || line[0] == '#') return;
    if (const std::size_t arrow = line.find(" -> "); arrow != std::string::npos) {
      const std::filesystem::path link = root_ / line.substr(0, arrow);
      std::filesystem::create_directories(link.parent_path());
      std::filesystem::create_symlink(line.substr(arrow + 4), link);
      return;
    }
    const std::size_t equals = line.find(" =");
    std::string content = line.size() > equals + 3 ? line.substr(equals + 3) + "\n" : "";
    for (char& letter : content)
      if (letter == '|') letter = '\n';
    write(line.substr(0, equals), content);
  }

  std::filesystem::path root_;
};

}  // namespace zesvm::tools
