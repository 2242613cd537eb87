// The demo: three pieces of real work on two devices, checked, with a table of what moved.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <iostream>

#include "parts.hpp"

namespace {

struct Options {
  std::string text;
  std::string picture;
  std::string output = ".";
  bool is_quick = false;
  bool has_no_progress = false;
};

// A text that every Debian machine has; else this program itself.
std::string default_text() {
  for (const char* path : {"/usr/share/common-licenses/GPL-3", "/usr/share/dict/words"})
    if (std::filesystem::is_regular_file(path)) return path;
  return "/proc/self/exe";
}

// Next to the program, in the build tree as when installed.
std::string default_picture() {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  return (program.parent_path().parent_path() / ZESVM_DATA_DIRECTORY / "zesvm/demo/heat.png")
      .string();
}

void print_summary(const zesvm::Runtime& runtime, const std::vector<demo::Verdict>& verdicts) {
  std::cout << "\n"
            << std::left << std::setw(12) << "part" << std::setw(10) << "result" << std::right
            << std::setw(10) << "seconds"
            << "\n";
  for (const demo::Verdict& verdict : verdicts)
    std::cout << std::left << std::setw(12) << verdict.name << std::setw(10)
              << (verdict.is_correct ? "correct" : "WRONG") << std::right << std::fixed
              << std::setprecision(2) << std::setw(10) << verdict.seconds << "\n";
  for (const demo::Verdict& verdict : verdicts)
    std::cout << "\nWhat moved during " << verdict.name << ":\n" << verdict.moved;
  const zesvm::Statistics all = runtime.statistics();
  std::cout << "\nWhat moved in all:\n" << all << "\n" << zesvm::report_text(all);
  if (runtime.is_simulated())
    std::cout << "\nThe devices are simulated (node " << runtime.node_name()
              << "): kernels ran on this machine's CPU, and times are its wall time.\n";
}

int run(const Options& options) {
  zesvm::Runtime runtime;
  std::cout << "Devices" << (runtime.is_simulated() ? " (simulated)" : "") << ":\n";
  for (const zesvm::Device& device : runtime.devices())
    std::cout << "  " << device.index() << "  " << device.name() << ", "
              << (device.memory_bytes() >> 20) << " MiB\n";
  demo::Stage stage{runtime, std::cout,
                    options.has_no_progress ? demo::Drawing::never : demo::Drawing::if_terminal};
  const std::size_t size = options.is_quick ? 4 : 64;
  std::vector<demo::Verdict> verdicts;
  verdicts.push_back(demo::run_histogram(stage, options.text, size << 20));
  verdicts.push_back(
      demo::run_heat(stage, options.picture, options.output, options.is_quick ? 50 : 1000));
  verdicts.push_back(demo::run_triad(stage, size << 17));
  print_summary(runtime, verdicts);
  for (const demo::Verdict& verdict : verdicts)
    if (!verdict.is_correct) return 1;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options{default_text(), default_picture()};
  std::string node;
  CLI::App app{
      "Histogram, heat equation and STREAM triad on two devices that share pointers.\n"
      "Exit code: 0 when every result is that of the CPU, 1 when one is not or something "
      "failed."};
  app.add_option("--text", options.text, "file whose bytes are counted")->capture_default_str();
  app.add_option("--picture", options.picture, "PNG that heat flows over")->capture_default_str();
  app.add_option("--output", options.output, "directory for the pictures")->capture_default_str();
  app.add_option("--node", node, "simulated node: a preset or a file (sets ZESVM_NODE)");
  app.add_flag("--quick", options.is_quick, "small sizes, for tests");
  app.add_flag("--no-progress", options.has_no_progress, "no progress bar, on terminals too");
  CLI11_PARSE(app, argc, argv);
  if (!node.empty()) ::setenv("ZESVM_NODE", node.c_str(), 1);
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "zesvm-demo: " << error.what() << "\n";
    return 1;
  }
}
